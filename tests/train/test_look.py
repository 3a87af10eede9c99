"""Looking into runs: epochs, also of a file that is being written. The rest is tried with `mxtrain inspect`."""

from __future__ import annotations

import json

import pytest

from mxtrain.base.errors import DataError, EnvironmentFault
from mxtrain.train.checkpoint_io import Policy, write
from mxtrain.train.look import look_at_checkpoint, look_at_run, read_epochs


def line(event, epoch, **metrics):
    return json.dumps({"event": event, "epoch": epoch, "step": 7 * (epoch + 1), "metrics": metrics, "lr": 0.1}) + "\n"


def test_epochs(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        line("train", 0, loss=9) + line("epoch", 0, loss=2) + line("eval", 0, loss=3) + line("epoch", 1, loss=1)
    )
    assert read_epochs(path) == (
        {"epoch": 1, "step": 7, "train.loss": 2, "lr": 0.1, "val.loss": 3},
        {"epoch": 2, "step": 14, "train.loss": 1, "lr": 0.1},
    )


def test_what_is_torn_or_strange_is_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(line("epoch", 0, loss=2).encode() + b'[1]\n{"event": 1}\n\xff\n{"event": "epoch", "epo')
    assert [e["epoch"] for e in read_epochs(path)] == [1]


def test_no_file(tmp_path):
    assert read_epochs(tmp_path / "nope") == ()
    with pytest.raises(DataError, match="cannot be read"):
        read_epochs(tmp_path)


def test_a_checkpoint_of_other_files(tmp_path):
    path = write(tmp_path, 5, {"a.bin": b"12345"}, run_id="r", prune=Policy())
    found = look_at_checkpoint(path)
    assert (found.step, found.epoch, found.problems) == (5, None, [])
    (path / "a.bin").write_bytes(b"1234x")
    assert "expected sha256" in look_at_checkpoint(path).problems[0]
    (path / "a.bin").unlink()
    assert "cannot be read" in look_at_checkpoint(path).files[0].problem


def test_no_run(tmp_path):
    with pytest.raises(EnvironmentFault, match="expected a run directory"):
        look_at_run(tmp_path)


def test_the_best_is_the_earliest_of_the_best(tmp_path):
    (tmp_path / "meta.json").write_text('{"run_id": "r"}')
    for step, value in ((1, 0.5), (2, 0.9), (3, 0.9), (4, None)):
        policy = Policy(keep_last=None, keep_best=1, monitor="val.accuracy", value=value)
        write(tmp_path / "checkpoints", step, {"a": b""}, run_id="r", prune=policy)
    (tmp_path / "checkpoints/.tmp-x").mkdir()
    found = look_at_run(tmp_path)
    assert found.best == "step-00000002" and found.others == (".tmp-x",)
    assert [c.step for c in found.checkpoints] == [1, 2, 3, 4]
