from __future__ import annotations

import json
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import EnvironmentFault, OutOfSpace
from mxtrain.train.metrics_file import MetricsFile, open_metrics, rollback


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_object_per_line_at_once(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with open_metrics(path) as metrics:
        metrics.append(1, {"event": "train", "metrics": {"loss": 0.25, "list": [math.inf, 1]}, "lr": math.nan})
        assert lines(path) == [
            {"step": 1, "event": "train", "metrics": {"loss": 0.25, "list": [None, 1]}, "lr": None},
        ]
        metrics.append(2, {"event": "new\nline é"})
        assert metrics.sync() == path.stat().st_size
    with open_metrics(path) as metrics:
        metrics.append(3, {})
    assert [line["step"] for line in lines(path)] == [1, 2, 3] and lines(path)[1]["event"] == "new\nline é"


def test_it_and_its_name_are_synced(tmp_path, fault_fs):
    faults = fault_fs()
    with open_metrics(tmp_path / "metrics.jsonl", fs=faults.fs()):
        pass
    assert faults.log == [("fsync_dir", tmp_path)]


def test_a_full_disk_leaves_no_half_line(tmp_path):
    class Full:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            if len(data) < 12:
                raise OSError(28, "No space left on device")
            return self.file.write(data[:10])

    path = tmp_path / "metrics.jsonl"
    with open_metrics(path) as metrics:
        metrics.append(1, {})
        with pytest.raises(OutOfSpace, match=r"metrics.jsonl: No space left"):
            MetricsFile(path, Full(metrics.file)).append(2, {"event": "long enough"})
        metrics.append(3, {})
    assert [line["step"] for line in lines(path)] == [1, 3]


def test_where_it_cannot_be(tmp_path):
    with pytest.raises(EnvironmentFault), open_metrics(tmp_path / "no" / "metrics.jsonl"):
        pass
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(EnvironmentFault, match="metrics cannot be read"):
        rollback(tmp_path / "fifo", 1)


def run(path, steps, every, events):
    """A training run that goes on from where the file ends: one checkpoint every so many steps, then an evaluation."""
    saved = {}
    with open_metrics(path) as metrics:
        for step in steps:
            for n in range(events[step]):
                metrics.append(step, {"event": "train", "n": n})
            if step % every == 0:
                saved[step] = metrics.sync()
                metrics.append(step, {"event": "eval"})
    return saved


@given(
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.integers(1, 5),
    st.integers(1, 12),
    st.integers(0, 60),
    st.data(),
)
def test_resumed_equals_uninterrupted(tmp_path_factory, events, every, reached, torn, data):
    """Whatever was written after the checkpoint, down to a torn line, the joined log is that of one run."""
    folder = tmp_path_factory.mktemp("runs")
    events = [0, *events]
    run(folder / "whole", range(1, 13), every, events)
    saved = run(folder / "cut", range(1, reached + 1), every, events)
    step = data.draw(st.sampled_from([0, *saved]))
    size = saved.get(step, 0)
    with open(folder / "cut", "r+b") as file:
        end = file.seek(0, 2)
        file.truncate(max(size, end - torn))
    rollback(folder / "cut", step, size)
    assert (folder / "cut").stat().st_size == size
    # The evaluation that follows the checkpoint is done again by the resumed run.
    if step:
        with open_metrics(folder / "cut") as metrics:
            metrics.append(step, {"event": "eval"})
    run(folder / "cut", range(step + 1, 13), every, events)
    assert (folder / "cut").read_bytes() == (folder / "whole").read_bytes()


@given(st.lists(st.integers(0, 9), max_size=20).map(sorted), st.integers(0, 9), st.integers(0, 30))
def test_rollback_by_step_alone(tmp_path_factory, steps, step, torn):
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    whole = [b'{"step": %d, "event": "\\u00e9"}\n' % s for s in steps]
    text = b"".join(whole)
    cut = max(0, len(text) - torn)
    path.write_bytes(text[:cut])
    kept = [line for s, line in zip(steps, whole, strict=True) if s <= step]
    kept = b"".join(kept[: text[:cut].count(b"\n")])
    assert rollback(path, step) == cut - len(kept)
    assert path.read_bytes() == kept
    assert rollback(path, step) == 0


@given(st.binary(max_size=80), st.integers(0, 3))
def test_rollback_of_anything_ends_at_the_first_bad_line(tmp_path_factory, junk, step):
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    path.write_bytes(b'{"step": 0}\n' + junk + b'\n{"step": 0}')
    rollback(path, step)
    kept = path.read_bytes()
    assert kept.startswith(b'{"step": 0}\n') and not kept.endswith(b'"step": 0}')


def test_rollback_of_nothing(tmp_path):
    assert rollback(tmp_path / "missing", 3) == 0


def test_lines_that_a_power_cut_took_are_reported(tmp_path, caplog):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n')
    rollback(path, 5, 100)
    assert "expected 100 bytes up to step 5, got 12: lines are missing" in caplog.text


@pytest.mark.parametrize("k", range(7))
def test_rollback_is_all_or_nothing(tmp_path, fault_fs, killed, k):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1}\n{"step": 2}\n')
    with pytest.raises(killed):
        rollback(path, 1, fs=fault_fs(k, "torn").fs())
    assert path.read_bytes() in (b'{"step": 1}\n{"step": 2}\n', b'{"step": 1}\n')
    rollback(path, 1)
    assert path.read_bytes() == b'{"step": 1}\n' and os.listdir(tmp_path) == ["metrics.jsonl"]
    path.write_bytes(b'{"step": 1}\n{"step": 2}\n')
    with pytest.raises((OutOfSpace, EnvironmentFault)):
        rollback(path, 1, fs=fault_fs(k, 28).fs())
    assert path.read_bytes() in (b'{"step": 1}\n{"step": 2}\n', b'{"step": 1}\n')
