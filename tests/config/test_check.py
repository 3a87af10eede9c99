from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field, ValidationError, field_validator

from mxtrain.base.errors import DataError
from mxtrain.base.params import declare, param
from mxtrain.config.check import Problem, as_error, check
from mxtrain.data import augment, sources


def even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even; add one")
    return value


@declare
class Inner:
    """Nested."""

    size: int = param(ge=1, doc="a size")
    parts: list[int] = param([], doc="numbers")


@declare
class Outer:
    """All sorts."""

    rate: Annotated[float, Field(gt=0)] = param(1.0, lt=1, doc="two bounds")
    count: Annotated[int, AfterValidator(even)] = param(2, doc="our own rule")
    when: date | None = param(None, doc="a type without words")
    day: date = param(date(2020, 1, 1), doc="a type without words")
    either: Inner | str = param("x", doc="a union")
    choice: Inner | list[int] | int = param(1, doc="another union")
    short: Annotated[tuple[int, ...], AfterValidator(tuple), Field(max_length=2)] = param((), doc="limited late")
    other: Any = param(None, doc="anything")

    @field_validator("other")
    @classmethod
    def _gone(cls, value: Any) -> Any:
        if value == "gone":
            raise DataError("gone is gone")
        return value


def problems(**data):
    instance, found = check(Outer, data)
    assert instance is None
    return [(problem.path, problem.message) for problem in found]


def test_an_instance():
    instance, found = check(Outer, {"either": {"size": 3}, "count": 4})
    assert (instance, found) == (Outer(either=Inner(size=3), count=4), [])


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({"rate": 0}, ("rate",), "must be a number > 0 and < 1, got 0"),
        ({"rate": "0.5"}, ("rate",), "must be a number > 0 and < 1, got '0.5'; take the quotes away"),
        ({"rate": float("inf")}, ("rate",), "must be a number > 0 and < 1, that is finite, got inf"),
        ({"count": 3}, ("count",), "must be even; add one"),
        ({"count": 2.5}, ("count",), "must be a whole number, got 2.5"),
        ({"count": []}, ("count",), "must be a whole number, got an empty list"),
        (
            {"short": [1, 2, 3]},
            ("short",),
            "must be a list, each a whole number, with at most 2 entries, got a list of 3",
        ),
        ({"either": 3}, ("either",), "must be a map or a text, got 3"),
        ({"either": [1]}, ("either",), "must be a map or a text, got a list"),
        ({"either": {"size": 0}}, ("either", "size"), "must be a whole number >= 1, got 0"),
        ({"either": {}}, ("either",), "missing key 'size' (a whole number >= 1)"),
        ({"either": {"size": 1, "sise": 1}}, ("either", "sise"), "unknown key 'sise'"),
        ({"choice": [1, "x"]}, ("choice", 1), "must be a whole number, got 'x'"),
        ({"choice": {"size": "1"}}, ("choice", "size"), "must be a whole number >= 1, got '1'; take the quotes away"),
        ({"choice": "1"}, ("choice",), "must be a map, a list, each a whole number or a whole number, got '1'"),
        ({"other": "gone"}, (), "gone is gone"),
    ],
)
def test_each_problem_once_in_our_words(data, path, message):
    assert problems(**data) == [(path, message)]


def test_a_type_that_we_have_no_words_for():
    ((path, text),) = problems(day="soon")
    assert path == ("day",)
    assert text.startswith("must be a valid date") and text.endswith("got 'soon'")


def test_everything_at_once():
    assert len(problems(rate=-1, count=1, either={"parts": ["a"], "x": 1}, nonsense=1)) == 6


def test_unknown_keys_name_the_known_ones():
    _, (problem,) = check(Outer, {"either": {"size": 1, "x": 1}})
    assert problem == Problem(("either", "x"), "unknown key 'x'", True, ("size", "parts"))


@pytest.mark.parametrize("data", [None, 3, "x", [1]])
def test_not_a_map(data):
    _, (problem,) = check(Inner, data)
    assert problem.path == () and problem.message.startswith("must be a map, got ")


def test_problems_survive_as_an_error_with_braces_and_all():
    given = Problem(("a", 0), "odd {text} {", True, ("x", "y"))
    with pytest.raises(ValidationError) as caught:
        raise as_error([given])
    (error,) = caught.value.errors()
    assert error["loc"] == ("a", 0)
    assert error["ctx"] == given._asdict()


def test_one_wrong_value_is_one_problem():
    """Of what a validator made of a value, both the key and the value may be wrong."""
    source = sources.REGISTRY.get("arrays").params
    for inputs, path in (([1], ("inputs",)), ({2: 3}, ("inputs", 2))):
        (problem,) = check(source, {"path": "a", "inputs": inputs})[1]
        assert (problem.path, problem.message.split(",")[0]) == (path, "must be a text")


def test_a_list_that_is_too_short():
    (problem,) = check(augment.REGISTRY.get("random_crop").params, {"size": [1]})[1]
    assert problem.path == ("size",)
    assert problem.message == "must be a list of 2 (a whole number >= 1, a whole number >= 1), got a list of 1"
