"""mxtrain eval."""

from __future__ import annotations

import pytest


def test_metrics_on_stdout(mx, trained):
    (record,) = mx("eval", trained).lines
    assert set(record) == {"accuracy", "cross_entropy", "samples"} and record["samples"] == 6


def test_batches_change_nothing(mx, trained):
    first, other = (mx("eval", trained, "--batch-size", n, "--threads", 1).lines[0] for n in (1, 4))
    assert first == pytest.approx(other, rel=1e-6)


def test_other_data(mx, trained, folder):
    (record,) = mx("eval", trained, f"data.val.path={folder}/images/train").lines
    assert record["samples"] == 16


def test_requirements(mx, trained):
    assert mx("eval", trained, "--require", "samples>=6", "--require", "accuracy>=0").code == 2
    said = mx("eval", trained, "--require", "accuracy>1")
    assert said.code == 6 and said.lines[0]["samples"] == 6


def test_no_data(mx, trained):
    said = mx("eval", trained, "~data.val")
    assert said.code == 2 and "no data.val to evaluate on" in said.err


@pytest.mark.parametrize(("path", "code"), [("nope", 4), ("tiny.yaml", 4), (".", 9)])
def test_no_run(mx, folder, path, code):
    assert mx("eval", folder / path).code == code
