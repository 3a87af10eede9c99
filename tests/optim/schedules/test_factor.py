"""factor: the numbers of MXNet 1.9.1's lr_scheduler for updates 1 to 12."""

from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError

STEPS = range(1, 13)


def test_as_mxnet(rates):
    numbers = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02]
    assert rates("factor", STEPS, step=3, factor=0.5, stop_factor_lr=0.02) == pytest.approx(numbers, rel=1e-14)


def test_steps_of_the_warmup_count(rates):
    numbers = [0.04, 0.06, 0.08, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125]
    given = {"step": 3, "factor": 0.5, "warmup": 4, "warmup_begin_lr": 0.02}
    assert rates("factor", STEPS, **given) == pytest.approx(numbers, rel=1e-14)


def test_epochs(rates):
    assert rates("factor", [10, 11, 21], step="2 epochs", factor=0.1) == pytest.approx([0.1, 0.01, 0.001], rel=1e-14)


def test_a_first_rate_below_the_lowest_stays(rates):
    assert rates("factor", [1, 4], base_lr=1e-9, step=3, factor=0.5) == [1e-9, 1e-8]


def test_less_than_a_step_is_refused(rates):
    with pytest.raises(ConfigError, match="step must be at least one step, got '0.01 epochs'"):
        rates("factor", [1], step="0.01 epochs")
