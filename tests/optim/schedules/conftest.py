"""A schedule's values over a run."""

from __future__ import annotations

import pytest

from mxtrain.optim import schedules

SPAN = schedules.Span(10, 5)


@pytest.fixture
def rates():
    def values(name, at, /, base_lr=0.1, span=SPAN, **params):
        schedule = schedules.get(name)
        made = schedule.params(**params)
        return [schedules.learning_rate(schedule, made, base_lr, step, span) for step in at]

    return values
