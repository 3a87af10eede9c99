"""Explicit values of one operator: what comes out, what its gradient is, and what an error says."""

from __future__ import annotations

from typing import Any

import numpy as np

from mxtrain import ops
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, Node, apply_node, infer, variable
from tests.contract.operators import evaluate, gradients


def node_of(name: str, params: dict[str, Any], arrays: dict[str, np.ndarray]) -> Node:
    """The typed node over variables of these arrays' types."""
    op = ops.get(name)
    p = op.params(**params)
    types = {n: TensorType(a.shape, a.dtype.name) for n, a in arrays.items()}
    return apply_node(op, "node", [variable(n, types[n], "parameter") for n in op.input_names(p)], p)


def forward(name: str, params: dict[str, Any], **inputs: Any) -> np.ndarray:
    """Output 0 of the reference kernel, computed in float64 unless the inputs say otherwise."""
    arrays = {n: _array(v) for n, v in inputs.items()}
    return evaluate(Graph((node_of(name, params, arrays)[0],)), arrays)[0][0]


def backward(name: str, params: dict[str, Any], dy: Any, **inputs: Any) -> dict[str, np.ndarray]:
    """The gradient of <dy, output 0> towards each input that has one."""
    arrays = {n: _array(v) for n, v in inputs.items()}
    g, found, more = gradients(node_of(name, params, arrays), list(arrays), [_array(dy)])
    return dict(zip(found, evaluate(g, {**arrays, **more})[0], strict=True))


def inferred(
    name: str, params: dict[str, Any], *ins: Any, out: Any = None
) -> tuple[list[tuple[int | None, ...] | None], tuple[int | None, ...] | None]:
    """(shapes of the inputs, shape of the output), from what is known of them: None stands for unknown."""
    op = ops.get(name)
    p = op.params(**params)
    known_ins, known_outs = [PartialType(s) for s in ins], [PartialType(out)]
    known_outs += [UNKNOWN] * (len(op.output_names(p)) - 1)
    for _ in range(3):
        known_ins, known_outs = infer(op, p, known_ins, known_outs, f"{name} 'y'")
    return [t.shape for t in known_ins], known_outs[0].shape


def _array(value: Any) -> np.ndarray:
    return value if isinstance(value, np.ndarray) else np.array(value, np.float64)
