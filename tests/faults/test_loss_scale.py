"""float16 from the outside: a run learns, overflows, is stopped, and goes on with the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.formats import ndarray_list
from mxtrain.optim import loss_scale
from tests.train.runs import CONV, Bench, images


@pytest.fixture
def bench(tmp_path):
    place = Bench(tmp_path)
    for name, count, seed in (("tiny", 37, 0), ("val", 13, 1)):
        pixels, labels = images(count, seed)
        place.save(name, data=pixels, softmax_label=labels)
    return place


def scale_of(run, step=None):
    states = ndarray_list.load(run.file(".state", step))
    return {n.partition(":")[2]: float(a[0]) for n, a in states.items() if n.startswith("loss_scale:")}


@pytest.mark.parametrize("net", [None, CONV], ids=["mlp", "conv"])
def test_a_run_in_float16_learns_as_in_float32(bench, net):
    changes = {} if net is None else {"net": net}
    narrow, wide = (bench.fit(precision=p, epochs=4, **changes) for p in ("fp16", "fp32"))
    assert scale_of(narrow)["good"] > 0
    assert narrow.values["val.accuracy"] >= wide.values["val.accuracy"] - 0.1
    assert narrow.values["train.loss"] == pytest.approx(wide.values["train.loss"], rel=0.1, abs=0.02)


def test_a_resumed_run_has_the_bits_of_one_that_was_not_stopped(bench):
    config = bench.config(precision="fp16", net=CONV, checkpoint={"every": 3})
    whole = bench.start(config)
    half = bench.start(config, "max_steps=7")
    rest = bench.resume(half.path, "max_steps=15")
    for suffix in (".params", ".state"):
        assert whole.file(suffix) == rest.file(suffix)


def test_an_overflow_is_skipped_and_the_run_goes_on(bench, monkeypatch):
    # So large a scale takes the gradient of a score, at most 1 in magnitude, beyond what float16 holds.
    monkeypatch.setattr(loss_scale, "START", 2.0**22)
    run = bench.fit(precision="fp16", epochs=3)
    found = scale_of(run)
    assert found["scale"] * 2 ** found["skipped"] == 2.0**22
    assert 4 <= found["skipped"] < run.state()["step"] == found["skipped"] + found["good"]
    assert all(np.isfinite(a).all() for a in ndarray_list.load(run.file(".params")).values())
    assert run.values["val.accuracy"] > 0.6


def test_a_model_trained_in_float16_is_evaluated_in_it(bench):
    run = bench.fit(precision="fp16")
    assert run.evaluate()[0]["accuracy"] == pytest.approx(run.values["val.accuracy"])
