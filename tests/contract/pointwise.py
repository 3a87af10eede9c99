"""Running one pointwise operator on a few numbers, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply_node, variable
from tests.contract.operators import evaluate, gradients


def forward_and_gradients(name: str, values: list[list[float]], **params: Any) -> list[list[float] | None]:
    """The output, and the gradient of its sum towards every input (None where there is none), in float64."""
    op = ops.get(name)
    p = op.params(**params)
    arrays = {n: np.array(v) for n, v in zip(op.input_names(p), values, strict=True)}
    node = apply_node(op, "y", [variable(n, TensorType(a.shape, "float64"), "parameter") for n, a in arrays.items()], p)
    (y,), _ = evaluate(Graph((node[0],)), arrays)
    g, found, more = gradients(node, list(arrays), [np.ones_like(y)])
    exact = dict(zip(found, evaluate(g, {**arrays, **more})[0], strict=True)) if found else {}
    return [y.tolist(), *(exact[n].tolist() if n in exact else None for n in arrays)]


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Well above 0, for denominators, bases and logarithms."""
    return rng.uniform(0.5, 2.0, shape)


def within_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Inside (-1, 1), for inverse sines."""
    return rng.uniform(-0.9, 0.9, shape)


def integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Few values, so that some are equal."""
    return rng.integers(0, 3, shape)


def far(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Far from standard normals on either side, so that no step of a difference changes which of two is larger."""
    return rng.standard_normal(shape) + 9 * rng.choice([-1, 1], shape)


def above_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Well above 1, for the inverse of cosh."""
    return rng.uniform(1.2, 3.0, shape)


def far_from_whole(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Of either sign, and far from every whole number."""
    return rng.integers(-3, 4, shape) + rng.uniform(0.2, 0.8, shape)


def one_or_two(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """1 or 2."""
    return rng.integers(1, 3, shape)
