from __future__ import annotations

import logging
import re

import pytest

from mxtrain.train.callbacks.log_lines import log_lines
from mxtrain.train.events import Event

TRAIN = {"accuracy": 0.5, "loss": 1.25}


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "mxtrain.fit")
    return lambda: [r.getMessage() for r in caplog.records]


def test_a_line_every_so_many_batches_with_the_speed_since_the_last(lines):
    tell = log_lines(2)
    for batch in (1, 2, 3, 4):
        tell(Event("batch", epoch=3, batch=batch, metrics=TRAIN, samples=8 * batch, seconds=batch / 2))
    assert lines() == [
        "Epoch[3] Batch [0-2]\tSpeed: 16.00 samples/sec\taccuracy=0.500000\tloss=1.250000",
        "Epoch[3] Batch [2-4]\tSpeed: 16.00 samples/sec\taccuracy=0.500000\tloss=1.250000",
    ]


def test_the_lines_that_scripts_for_mxnet_look_for(lines):
    # The patterns of MXNet's tools/parse_log.py.
    tell = log_lines(50)
    tell(Event("epoch", epoch=7, metrics={"accuracy": 0.91}, seconds=12.5, waited=1.25, text="decoding limits"))
    tell(Event("eval", epoch=7, metrics={"accuracy": 0.88}, name="val"))
    patterns = [
        r".*Epoch\[(\d+)\] Train-accuracy.*=([.\d]+)",
        r".*Epoch\[(\d+)\] Time.*=([.\d]+)",
        r".*Epoch\[(\d+)\] Data: decoding limits",
        r".*Epoch\[(\d+)\] Validation-accuracy.*=([.\d]+)",
    ]
    said = lines()
    assert len(said) == 4
    assert all(re.fullmatch(p, line)[1] == "7" for p, line in zip(patterns, said, strict=True))


def test_a_new_epoch_counts_batches_from_0(lines):
    tell = log_lines(2)
    tell(Event("batch", batch=2, samples=16, seconds=1.0))
    tell(Event("epoch"))
    tell(Event("batch", epoch=1, batch=2, samples=16, seconds=2.0))
    assert lines()[-1].startswith("Epoch[1] Batch [0-2]\tSpeed: 8.00 samples/sec")


def test_checkpoints_and_notices(lines):
    tell = log_lines(1)
    tell(Event("saved", name="step-00000004"))
    tell(Event("notice", text="stopped early"))
    tell(Event("start"))
    assert lines() == ['Saved checkpoint to "step-00000004"', "stopped early"]
