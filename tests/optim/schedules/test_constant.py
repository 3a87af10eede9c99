"""constant, and the warmup that all schedules share."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from mxtrain.base.errors import ConfigError
from mxtrain.optim import schedules
from mxtrain.optim.schedules import Span, Warmup

NAMES = ("constant", "cosine", "factor", "multi_factor", "poly")
NEEDED = {"factor": {"step": 3}, "multi_factor": {"steps": (3,)}}


def test_one_rate(rates):
    assert rates("constant", [1, 5, 1000], span=Span()) == [0.1, 0.1, 0.1]


def test_the_folder_is_the_list():
    assert schedules.REGISTRY.names() == NAMES
    with pytest.raises(ConfigError, match="no learning-rate schedule 'cosin'; did you mean 'cosine'"):
        schedules.get("cosin")


@pytest.mark.parametrize("name", NAMES)
def test_every_schedule_warms_up(rates, name):
    assert schedules.get(name).name == name and issubclass(schedules.get(name).params, Warmup)
    given = NEEDED.get(name, {})
    linear = rates(name, [1, 2, 3], warmup=4, warmup_begin_lr=0.02, **given)
    assert linear == pytest.approx([0.04, 0.06, 0.08], rel=1e-14)
    held = rates(name, [1, 4], warmup="1 epoch", warmup_begin_lr=0.02, warmup_mode="constant", **given)
    assert held == [0.02, 0.02]


def test_the_first_step_after_the_warmup_has_the_whole_rate(rates):
    assert rates("constant", [4, 5], warmup="1 epoch") == pytest.approx([0.08, 0.1], rel=1e-14)


def test_a_warmup_from_above_is_refused(rates):
    with pytest.raises(ConfigError, match=r"warmup_begin_lr must be at most lr \(0.1\), got 0.2"):
        rates("constant", [1], warmup=5, warmup_begin_lr=0.2)


def test_epochs_of_unknown_length_are_refused(rates):
    with pytest.raises(ConfigError, match="steps_per_epoch"):
        rates("constant", [1], warmup="1 epoch", span=Span())


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("constant", {"warmup": "five"}),
        ("constant", {"warmup_mode": "power"}),
        ("constant", {"warmup_begin_lr": -1}),
        ("factor", {}),
        ("factor", {"step": 3, "factor": 1.5}),
        ("multi_factor", {"steps": ()}),
        ("poly", {"power": 0}),
        ("cosine", {"final_lr": -1}),
        ("cosine", {"max_updates": 5}),
    ],
)
def test_bad_parameters_are_refused(name, bad):
    with pytest.raises(ValidationError):
        TypeAdapter(schedules.get(name).params).validate_python(bad)
