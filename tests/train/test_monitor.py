from __future__ import annotations

import math

import pytest

from mxtrain.train.monitor import Monitor
from mxtrain.train.state import RunState


def watched(values, mode="max", patience=2, min_delta=0.0):
    """The state after each of these values, as (best, waited, stop)."""
    monitor, state = Monitor(("m", mode), ("m", mode), patience, min_delta), RunState()
    seen = []
    for value in values:
        monitor.see({"m": value}, state)
        seen.append((state.best, state.waited, monitor.stop(state)))
    return seen


def test_larger_is_better():
    assert watched([0.5, 0.7, 0.6, 0.7]) == [(0.5, 0, False), (0.7, 0, False), (0.7, 1, False), (0.7, 2, True)]


def test_smaller_is_better():
    assert watched([3.0, 4.0, 2.0], "min") == [(3.0, 0, False), (3.0, 1, False), (2.0, 0, False)]


def test_a_small_improvement_is_the_best_but_does_not_count():
    assert watched([0.5, 0.55, 0.58], min_delta=0.1) == [(0.5, 0, False), (0.55, 1, False), (0.58, 2, True)]
    assert watched([0.6, 0.55, 0.52], "min", min_delta=0.1) == [(0.6, 0, False), (0.55, 1, False), (0.52, 2, True)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_no_improvement(bad):
    for mode in ("max", "min"):
        assert watched([bad, 1.0, bad], mode) == [(None, 1, False), (1.0, 0, False), (1.0, 1, False)]


def test_two_metrics_are_followed_apart():
    monitor, state = Monitor(("a", "max"), ("b", "min"), 1), RunState()
    monitor.see({"a": 1.0, "b": 1.0}, state)
    monitor.see({"a": 2.0, "b": 1.5}, state)
    assert (state.best, state.leading, monitor.value) == (2.0, 1.0, 2.0)
    assert monitor.stop(state)
    assert monitor.reason(state) == "stopped early: b has not improved on 1.0 for 1 epochs"


def test_without_early_stopping_nothing_stops():
    monitor, state = Monitor(("a", "max")), RunState()
    for _ in range(9):
        monitor.see({"a": 0.0}, state)
    assert not monitor.stop(state) and state.waited == 0


def test_part_of_an_epoch_is_none_for_early_stopping():
    monitor, state = Monitor(("m", "max"), ("m", "max"), 1), RunState()
    for value, whole, expected in ((0.5, True, (0.5, 0)), (0.4, False, (0.5, 0)), (0.6, False, (0.6, 0))):
        monitor.see({"m": value}, state, whole=whole)
        assert (state.best, state.waited, state.leading) == (*expected, 0.5)
    monitor.see({"m": 0.5}, state)
    assert monitor.stop(state)
