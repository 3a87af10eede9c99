"""What is listed of components and their parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.config.load import loads
from mxtrain.report import catalog


@declare
class Inner:
    """Something inside."""

    depth: int = param(1, doc="how deep")


@declare
class Declared:
    """Everything that can be declared."""

    must: int = param(ge=1, doc="has to be given")
    kind: Literal["a", "b"] = param("a", doc="one of two")
    pair: tuple[int, ...] = param((1, 2), doc="numbers")
    one: Inner = param(default_factory=Inner, doc="a section")
    maybe: Inner | None = param(None, doc="a section or none")
    many: tuple[Inner, ...] = param((), doc="sections")
    renamed: float = Field(0.5, alias="lambda", gt=0, description="called otherwise")
    free: Annotated[Any, "note"] = param(None, doc="anything")


def test_parameters():
    found = {p.name: (p.accepts, p.default, p.nested) for p in catalog.parameters(Declared)}
    assert found == {
        "must": ("a whole number >= 1", None, None),
        "kind": ("'a' or 'b'", "a", None),
        "pair": ("a list, each a whole number", "[1, 2]", None),
        "one": ("a map", "{}", Inner),
        "maybe": ("a map or null", "null", Inner),
        "many": ("a list, each a map", "[]", Inner),
        "lambda": ("a number > 0", "0.5", None),
        "free": ("a value", "null", None),
    }


def test_parameters_as_json():
    must, kind, *_ = catalog.parameters(Declared)
    assert must.to_json() == {
        "name": "must", "type": "a whole number >= 1", "required": True, "doc": "has to be given",
    }  # fmt: skip
    assert kind.to_json()["default"] == "a" and kind.to_json()["required"] is False


@pytest.mark.parametrize("value", [1, "a b", None, True, 1e-5, [1, [2]], {"a": {"b": []}, "c d": "x: y"}, [], {}, ""])
def test_values_read_back(value):
    assert loads(f"x: {catalog.yaml_text(value)}").data == {"x": value}


def test_descriptions():
    assert catalog.summary("optimizers", "sgd").startswith("stochastic gradient descent")
    assert "\nShapes:" in catalog.description("operators", "convolution")
    with pytest.raises(ConfigError, match="did you mean 'sgd'"):
        catalog.summary("optimizers", "sdg")


def test_a_plugin_is_described_by_its_parameters(monkeypatch):
    class Plugin:
        params = Declared

    registry = catalog.registry("metrics")
    monkeypatch.setattr(registry, "_plugins", {"mine": Plugin})
    assert catalog.summary("metrics", "mine") == "Everything that can be declared."


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_every_kind_is_there(kind):
    assert catalog.registry(kind).names()
