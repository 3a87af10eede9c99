"""One kernel of one node, by itself: on types and layouts that a graph would have to be built for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mxtrain.base.bfloat16 import narrow, widen
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.types import CHANNELS_LAST, TensorType, numpy_dtype, view
from mxtrain.graph import Node, variable


def typed(op: Any, params: Any, ins: Sequence[TensorType], outs: Sequence[TensorType], name: str = "node") -> Node:
    """A node with just these types."""
    made = tuple(variable(f"x{i}", t, "parameter") for i, t in enumerate(ins))
    return Node(op, name, made, params, types=tuple(outs), used=(True,) * len(outs))


def channels_last(*shapes: tuple[int, ...], dtype: str = "float32") -> list[TensorType]:
    """Types whose channels lie side by side."""
    return [TensorType(s, dtype, CHANNELS_LAST) for s in shapes]


def filled(device: Device, t: TensorType, values: Any) -> Any:
    """An array of the device with these values."""
    a = view(device.empty(max(t.nbytes, 1)), t)
    device.put(a, narrow(np.asarray(values, np.float32)) if t.dtype == "bfloat16" else
               np.asarray(values).astype(numpy_dtype(t.dtype)))  # fmt: skip
    return a


def values_of(device: Device, a: Any, t: TensorType) -> np.ndarray:
    """The values of an array of the device, as float64."""
    host = device.fetch(a)
    return np.array(widen(host) if t.dtype == "bfloat16" else host, np.float64)


def run_kernel(node: Node, kernels: str, device: Device, values: Sequence[Any]) -> tuple[list[Any], Node, str]:
    """Outputs of one kernel set's kernel.

    Args:
        values: of the inputs; raw bytes for a workspace.

    Returns:
        Values, the node with the types of its workspaces, and the implementation's name.
    """
    recipe = node.op.kernels[kernels](node, device)
    assert recipe is not None, f"{node.op.name} has no {kernels} kernel for {node.types}"
    types = [t._replace(layout=recipe.gives[i], shape=(recipe.gives[i].nbytes or 0,)) if i in recipe.gives else t
             for i, t in enumerate(node.types)]  # fmt: skip
    ins = [filled(device, e.type, v) for e, v in zip(node.inputs, values, strict=True)]
    outs = [view(device.zeros(max(t.nbytes, 1)), t) for t in types]
    scratch = device.empty(max(recipe.scratch, 1))
    call = recipe.prepare(ins, outs, scratch)
    assert call is None or not call[0](*call[1])
    host = [values_of(device, a, t) if not t.layout.opaque else device.fetch(a).copy()
            for a, t in zip(outs, types, strict=True)]  # fmt: skip
    return host, replace(node, types=tuple(types)), recipe.name


def as_float64(node: Node) -> Node:
    """The same node in float64."""

    def wide(t: TensorType) -> TensorType:
        return t._replace(dtype="float64") if t.dtype.startswith(("float", "bfloat")) else t

    ins = tuple(variable(e.node.name, wide(e.type), "parameter") for e in node.inputs)
    return replace(node, inputs=ins, types=tuple(wide(t) for t in node.types))


def reference(node: Node, values: Sequence[Any]) -> tuple[list[Any], Node]:
    """Outputs of the reference kernel in float64."""
    host, made, _ = run_kernel(as_float64(node), "reference", REFERENCE, values)
    return host, made


def close(got: Any, want: Any, dtype: str, what: str = "") -> None:
    """Equal within what a storage type allows, of the largest value."""
    tolerance = {"float32": 2e-5, "bfloat16": 1e-2, "float16": 2e-3}[dtype]
    scale = max(float(np.abs(want).max(initial=0)), 1e-3)
    error = float(np.abs(got - want).max(initial=0)) / scale
    assert error <= tolerance, f"{what}: differs by {error:.2e} of its largest"
