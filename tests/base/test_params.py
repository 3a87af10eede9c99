from __future__ import annotations

import dataclasses

import pytest
from pydantic import TypeAdapter, ValidationError

from mxtrain.base.params import Name, NoParams, Spatial, SpatialPad, declare, param


@declare
class Params:
    """A component."""

    kernel: Spatial = param(doc="window")
    pad: SpatialPad = param((), doc="rows and columns added")
    rate: float = param(0.5, ge=0, le=1, doc="share")
    name: Name = param("x", doc="a name")


def test_a_scalar_stands_for_a_pair():
    assert Params(kernel=3, pad=0) == Params(kernel=(3, 3), pad=(0, 0))
    assert Params(kernel=[2, 3, 4]).kernel == (2, 3, 4)


def test_they_are_frozen_and_hashable():
    p = Params(kernel=3)
    assert hash(p) == hash(Params(kernel=(3, 3)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        p.rate = 0.1


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, "kernel"), ({"kernel": 0}, "kernel"), ({"kernel": True}, "kernel"), ({"kernel": (1, 2, 3, 4)}, "kernel"),
        ({"kernel": 3, "pad": -1}, "pad"), ({"kernel": 3, "rate": 1.5}, "rate"),
        ({"kernel": 3, "rate": float("nan")}, "rate"), ({"kernel": 3, "rate": float("inf")}, "rate"),
        ({"kernel": 3, "name": "a b"}, "name"), ({"kernel": 3, "nmae": "a"}, "nmae"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(given, where):
    with pytest.raises(ValidationError) as caught:
        Params(**given)
    assert {str(e["loc"][0]) for e in caught.value.errors()} == {where}


def test_all_problems_come_at_once():
    with pytest.raises(ValidationError) as caught:
        Params(kernel=0, rate=2, other=1)
    assert len({e["loc"][0] for e in caught.value.errors()}) == 3


def test_the_declaration_gives_a_schema():
    schema = TypeAdapter(Params).json_schema()
    assert schema["required"] == ["kernel"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["rate"] == {
        "type": "number", "default": 0.5, "minimum": 0, "maximum": 1, "description": "share", "title": "Rate",
    }  # fmt: skip


def test_no_parameters():
    assert NoParams() == NoParams()
    with pytest.raises(ValidationError):
        NoParams(a=1)
