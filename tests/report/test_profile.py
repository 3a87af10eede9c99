from __future__ import annotations

import json

import pytest

from mxtrain.executor.profile import Timed, Work
from mxtrain.executor.roofline import Roofline
from mxtrain.report.profile import by, chrome_trace, cost_of, kind

ROOF = Roofline(1e9, {"float32": 1e9})


def call(op, seconds, flops, nbytes=0, segment="compute", begun=0.0):
    return Timed(segment, f"{op}0", op, "onednn:x", Work(flops, nbytes, "float32", (2, 3)), seconds, begun, seconds / 2)


CALLS = [
    call("convolution", 1.0, 500_000_000),
    call("activation", 2.0, 1, 1_000_000_000),
    call("convolution", 3.0, 1_500_000_000),
    call("reorder", 0.5, 0, 250_000_000, "pack", 4.0),
]


def test_sums_and_shares_of_the_roofline():
    whole = cost_of(CALLS, ROOF)
    assert whole.calls == 4 and whole.seconds == 6.5 and whole.bound == pytest.approx(0.5 + 1.0 + 1.5 + 0.25)
    assert whole.share == pytest.approx(0.5)
    assert cost_of(CALLS[:1], ROOF).to_json() == {
        "calls": 1, "ms": 1000.0, "gflops": 0.5, "gbytes": 0.0, "roofline": 0.5,
    }  # fmt: skip


def test_kinds_the_dearest_first():
    kinds = by(kind, CALLS, ROOF)
    assert list(kinds) == ["convolution", "activation", "reorder (pack)"]
    assert kinds["convolution"].calls == 2 and kinds["convolution"].flops == 2_000_000_000


def test_no_calls_cost_nothing():
    assert cost_of([], ROOF).share == 0


def test_the_trace_is_chromes():
    trace = json.loads(json.dumps(chrome_trace(CALLS, "net")))
    meta = [e for e in trace["traceEvents"] if e["ph"] == "M"]
    events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert [e["args"]["name"] for e in meta] == ["net", "compute", "pack"]
    assert [e["name"] for e in events] == ["convolution", "activation", "convolution", "reorder"]
    assert events[0]["dur"] == 500_000 and events[0]["args"]["gflops"] == pytest.approx(1.0)
    assert events[3]["ts"] == 4_000_000 and events[3]["tid"] == 1 and events[3]["args"]["shape"] == [2, 3]
