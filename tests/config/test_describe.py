from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, StringConstraints, TypeAdapter

from mxtrain.base.params import Spatial
from mxtrain.config.describe import definitions, describe, loose, number, step


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "a whole number"),
        (Annotated[int, Field(ge=1, le=9)], "a whole number >= 1 and <= 9"),
        (Annotated[float, Field(gt=0)], "a number > 0"),
        (Annotated[int, Field(multiple_of=8)], "a whole number that is a multiple of 8"),
        (bool, "true or false"),
        (str, "a text"),
        (Annotated[str, Field(min_length=1)], "a text that is not empty"),
        (Annotated[str, Field(min_length=2, max_length=4)], "a text of 2 to 4 characters"),
        (Annotated[str, StringConstraints(pattern="^a$")], "a text that matches ^a$"),
        (Literal["a", "b", 3], "'a', 'b' or 3"),
        (Literal["a"], "'a'"),
        (int | None, "a whole number or null"),
        (int | Literal["auto"], "a whole number or 'auto'"),
        (list[int], "a list, each a whole number"),
        (list, "a list"),
        (Annotated[list[str], Field(max_length=2)], "a list of at most 2 entries, each a text"),
        (Annotated[list[str], Field(min_length=2, max_length=2)], "a list of 2 entries, each a text"),
        (Annotated[list[str], Field(min_length=1)], "a list of at least 1 entries, each a text"),
        (tuple[float, ...], "a list, each a number"),
        (tuple[int, str], "a list of 2 (a whole number, a text)"),
        (dict[str, int], "a map"),
        (None, "null"),
        (complex, None),
        (int | complex, None),
    ],
)
def test_words(kind, text):
    assert describe(TypeAdapter(kind).core_schema, {}) == text


def test_records_are_maps_and_their_fields_are_found(schema):
    core = TypeAdapter(schema).core_schema
    named = definitions(core)
    assert describe(core, named) == "a map"
    assert describe(step(core, "epochs", named), named) == "a whole number >= 1"
    assert describe(step(core, "from", named), named) == "a text"
    layer = step(step(core, "layers", named), 0, named)
    assert describe(step(layer, "kind", named), named) == "'max' or 'avg'"
    assert step(core, "nothing", named) is None
    assert step(None, "x", named) is None


@pytest.mark.parametrize(
    ("kind", "value", "paths"),
    [
        (int, "3", [()]),
        (int, True, [()]),
        (int, 3, []),
        (float, 3, []),
        (bool, "no", [()]),
        (bool, 1, [()]),
        (bool, True, []),
        (str, "3", []),
        (int | str, "3", []),
        (int | Literal["auto"], "auto", []),
        (int | Literal["auto"], "3", [()]),
        (int | list[int], "3", [()]),
        (int | list[int], [1, "3"], [(1,)]),
        (int | None, None, []),
        (str | int | None, None, []),
        (Spatial | float, 3, []),
        (dict[str, float], {"a": "1", "b": 2}, [("a",)]),
        (tuple[int, float], [1, "2"], [(1,)]),
        (Spatial, 3, []),
        (Spatial, ["3", 3], [(0,)]),
        (list[int], {"a": "1"}, []),
    ],
)
def test_loose(kind, value, paths):
    assert [path for path, _ in loose(TypeAdapter(kind).core_schema, value, {})] == paths


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (1, "1"), (0.5, "0.5"), (1e-8, "1e-08")])
def test_number(value, text):
    assert number(value) == text
