"""multi_factor: the numbers of MXNet 1.9.1's lr_scheduler for updates 1 to 12."""

from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError

STEPS = range(1, 13)


def test_as_mxnet(rates):
    numbers = [0.1, 0.1, *[0.01] * 3, *[0.001] * 4, *[0.0001] * 3]
    assert rates("multi_factor", STEPS, steps=(2, 5, 9), factor=0.1) == pytest.approx(numbers, rel=1e-14)


def test_as_mxnet_with_warmup(rates):
    numbers = [0.05, 0.05, *[0.01] * 3, *[0.001] * 4, *[0.0001] * 3]
    given = {"warmup": 3, "warmup_begin_lr": 0.05, "warmup_mode": "constant"}
    assert rates("multi_factor", STEPS, steps=(2, 5, 9), factor=0.1, **given) == pytest.approx(numbers, rel=1e-14)


def test_epochs_and_steps(rates):
    assert rates("multi_factor", [5, 6, 8, 9], steps=("1 epoch", 8), factor=0.5) == [0.1, 0.05, 0.05, 0.025]


@pytest.mark.parametrize("steps", [(3, 3), (5, 2), (0, 4), ("2 epochs", 7)])
def test_steps_must_increase(rates, steps):
    with pytest.raises(ConfigError, match="steps must increase from 1"):
        rates("multi_factor", [1], steps=steps)
