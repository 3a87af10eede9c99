from __future__ import annotations

import pytest

from mxtrain.base.errors import GuardFailed, UsageError
from mxtrain.train.require import Requirement, parse_requirements, require_all


def test_conditions_are_read():
    assert parse_requirements(["val.accuracy >= 0.9", "train.loss<1e-3"]) == [
        Requirement("val.accuracy", ">=", 0.9),
        Requirement("train.loss", "<", 1e-3),
    ]


@pytest.mark.parametrize("text", ["", "accuracy", "accuracy=0.9", ">=0.9", "accuracy>=high", "accuracy>=1e", "a>=1>=2"])
def test_other_texts_are_refused(text):
    with pytest.raises(UsageError, match="expected a condition such as"):
        parse_requirements([text])


@pytest.mark.parametrize(("compare", "holds"), [(">=", True), ("<=", True), (">", False), ("<", False)])
def test_the_bound_itself(compare, holds):
    found = parse_requirements([f"a{compare}0.5"])
    if holds:
        require_all(found, {"a": 0.5})
    else:
        with pytest.raises(GuardFailed, match=rf"a is 0\.5, required {compare}0\.5"):
            require_all(found, {"a": 0.5})


def test_every_failure_is_named():
    with pytest.raises(GuardFailed, match=r"a is 1, .*; b is nan, "):
        require_all(parse_requirements(["a>1", "b>=0", "c>0"]), {"a": 1.0, "b": float("nan"), "c": 1.0})


def test_a_value_that_was_not_measured():
    with pytest.raises(UsageError, match=r"no value 'val\.f1'; there are: val\.accuracy"):
        require_all(parse_requirements(["val.f1>0"]), {"val.accuracy": 1.0})
