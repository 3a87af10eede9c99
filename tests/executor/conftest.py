"""Small typed graphs for plans."""

from __future__ import annotations

import itertools

import pytest

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import apply_node, variable


@pytest.fixture
def vocabulary():
    return ops.vocabulary()


@pytest.fixture
def var():
    """A typed variable: ``var("x", (2, 3))``."""

    def make(name, shape=(2, 3), kind="parameter", dtype="float32", value=None):
        return variable(name, TensorType(shape, dtype), kind, value)

    return make


@pytest.fixture
def op():
    """A node: ``op("tanh", x)``; its first output. Named after the operator and its turn unless `name` is given."""
    turn = itertools.count()

    def make(op_name, *inputs, name=None, **params):
        o = ops.get(op_name)
        return apply_node(o, name or f"{op_name}{next(turn)}", inputs, o.params(**params))[0]

    return make
