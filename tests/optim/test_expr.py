"""Expressions compute what Python computes, and make no node for what changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.executor import bind, storage_of
from mxtrain.graph import Graph, unique, variable
from mxtrain.optim import expr
from mxtrain.optim.expr import Expr
from mxtrain.passes import Options, compile_graph


def leaves():
    fresh = unique(())
    shapes = {"x": (5,), "y": (5,), "s": ()}
    return {n: Expr(variable(fresh(n), TensorType(shape), "state"), fresh) for n, shape in shapes.items()}


def evaluate(e, arrays):
    compiled = compile_graph(Graph((e.entry,)), REFERENCE, vocabulary=ops.vocabulary(), options=Options())
    plan = bind(compiled, REFERENCE, storage_of(arrays))
    plan.run()
    return plan.outputs[0]


@pytest.mark.parametrize(
    "formula",
    [
        lambda x, y, s: x + y,
        lambda x, y, s: x - y,
        lambda x, y, s: x * y,
        lambda x, y, s: x / y,
        lambda x, y, s: (x + s) * s,
        lambda x, y, s: (x - s) / s,
        lambda x, y, s: s * x,
        lambda x, y, s: s - x,
        lambda x, y, s: s / x,
        lambda x, y, s: (x + 2) * 3 - 4,
        lambda x, y, s: (2 + x) / 3,
        lambda x, y, s: 3 * (2 - x),
        lambda x, y, s: 2 / x,
        lambda x, y, s: x * (s * s + 1),
    ],
)
def test_arithmetic(formula, rng):
    arrays = {n: np.float32(rng.uniform(0.5, 2, e.entry.type.shape)) for n, e in leaves().items()}
    exact = formula(**{n: np.float64(a) for n, a in arrays.items()})
    np.testing.assert_allclose(evaluate(formula(**leaves()), arrays), exact, rtol=5e-7)


@pytest.mark.parametrize(
    ("ours", "numpy"),
    [
        (expr.sqrt, np.sqrt),
        (expr.square, np.square),
        (expr.absolute, np.abs),
        (expr.sign, np.sign),
        (lambda x: expr.clip(x, 0.5), lambda x: np.clip(x, -0.5, 0.5)),
        (lambda x: expr.above(x, 0.5), lambda x: x > 0.5),
        (lambda x: expr.at_least(x, 0.5), lambda x: np.maximum(x, 0.5)),
        (lambda x: expr.at_most(x, 0.5), lambda x: np.minimum(x, 0.5)),
    ],
)
def test_functions(ours, numpy):
    x = np.float32([0, 0.25, 0.5, 1, 4])
    np.testing.assert_array_equal(evaluate(ours(leaves()["x"]), {"x": x}), np.float32(numpy(x)))


def test_negative_numbers():
    x = np.float32([-4, -0.5, 0, 0.5, 4])
    e = leaves()["x"]
    np.testing.assert_array_equal(evaluate(expr.sign(e), {"x": x}), np.sign(x))
    np.testing.assert_array_equal(evaluate(expr.clip(e, 1.0), {"x": x}), np.clip(x, -1, 1))


def test_what_changes_nothing_makes_no_node():
    e = leaves()["x"]
    assert e * 1 is e and 1.0 * e is e and e / 1 is e and e + 0 is e and 0.0 + e is e and e - 0 is e
    assert expr.clip(e, None) is e and expr.at_least(e, None) is e and expr.at_most(e, None) is e


def test_names_are_unique():
    x = leaves()["x"]
    names = [((x * 2) * 2).entry.name, (x * 2).entry.name]
    assert len(set(names)) == 2
