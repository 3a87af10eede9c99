"""poly: the numbers of MXNet 1.9.1's lr_scheduler for updates 1 to 12."""

from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.optim.schedules import Span

STEPS = range(1, 13)


def test_as_mxnet(rates):
    numbers = [0.0829, 0.0676, 0.0541, 0.0424, 0.0325, 0.0244, 0.0181, 0.0136, 0.0109, 0.01, 0.01, 0.01]
    assert rates("poly", STEPS, final_lr=0.01) == pytest.approx(numbers, rel=1e-13)


def test_as_mxnet_with_warmup(rates):
    numbers = [
        0.025, 0.05, 0.075, 0.1, 0.06208333333333335, 0.03666666666666668, 0.02125, 0.013333333333333336,
        0.010416666666666666, 0.01, 0.01, 0.01,
    ]  # fmt: skip
    assert rates("poly", STEPS, power=3, final_lr=0.01, warmup=4) == pytest.approx(numbers, rel=1e-13)


def test_an_end_of_its_own(rates):
    assert rates("poly", [2, 4, 5], max_update=4, power=1) == [0.05, 0.0, 0.0]
    assert rates("poly", [5, 10], max_update="2 epochs", power=1) == [0.05, 0.0]


def test_warmup_to_the_end(rates):
    assert rates("poly", [9, 10, 11], warmup=10, final_lr=0.01) == pytest.approx([0.09, 0.01, 0.01], rel=1e-14)


def test_a_run_without_end_is_refused(rates):
    with pytest.raises(ConfigError, match="needs its length; give max_update"):
        rates("poly", [1], span=Span())
