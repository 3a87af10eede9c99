"""fully_connected: y = x w^T + b.

Shapes:
    data (N, D...) [flatten], weight (K, D), bias (K,) -> output (N, K)
    data (..., D) [no flatten] -> output (..., K)

Source: MXNet's FullyConnected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import NARROW, PartialShape, PartialType, TensorType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops import _products
from mxtrain.ops._activations import ALL, absorbed, backward, post_ops
from mxtrain.ops._call import reference
from mxtrain.ops._fold import backward_data_flops, backward_weights_flops, fold, weight_flops
from mxtrain.ops._infer import Inferred, Types, dtype_of, product, statistics_dtype

A = onednn.Arg


@declare
class Params:
    """Parameters of fully_connected."""

    num_hidden: int = param(ge=1, doc="number of outputs")
    no_bias: bool = param(False, doc="leave out the bias")
    flatten: bool = param(True, doc="see all axes but the first as one")


@declare
class Fused(Params):
    """A layer that has absorbed the activation after it. Made by the compiler."""

    act: str | None = param(None, doc="the activation")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters and the shape of its data."""

    forward: Params
    shape: tuple[int, ...]


def input_names(p: Params) -> tuple[str, ...]:
    """No bias, no input."""
    return ("data", "weight") if p.no_bias else ("data", "weight", "bias")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The weight from the data, and the rows of the data from the output."""
    data, dtype = ins[0], dtype_of(ins[0], outs[0])
    width = None
    out: PartialShape | None = None
    if data.shape is not None:
        if len(data.shape) < 1 or (p.flatten and len(data.shape) < 2):
            raise ShapeError(f"input 'data' must have the axes (N, D...), got {data}")
        data = PartialType(_with_rows(p, data.shape, outs[0].shape), dtype)
    if data.shape is not None:
        width = product(data.shape[1:]) if p.flatten else data.shape[-1]
        out = (data.shape[0], p.num_hidden) if p.flatten else (*data.shape[:-1], p.num_hidden)
    elif p.flatten:
        out = ((outs[0].shape or (None,))[0], p.num_hidden)
    weights = statistics_dtype(dtype) if ins[1].dtype is None else ins[1].dtype
    want = [PartialType(data.shape, dtype), PartialType((p.num_hidden, width), weights)]
    if not p.no_bias:
        want.append(PartialType((p.num_hidden,), statistics_dtype(dtype)))
    return want, [PartialType(out, dtype)]


def _with_rows(p: Params, data: PartialShape, out: PartialShape | None) -> PartialShape:
    """The data's shape, with the rows that the output has where its own are not known."""
    same = 1 if p.flatten else len(data) - 1
    if out is None or len(out) != same + 1:
        return data
    return (*(o if d is None else d for d, o in zip(data[:same], out[:same], strict=True)), *data[same:])


def rows(shape: Sequence[int], p: Params) -> tuple[int, int]:
    """(rows, width) of the data as a matrix."""
    width = math.prod(shape[1:]) if p.flatten else shape[-1]
    return math.prod(shape) // width if width else 0, width


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    y = ins[0].reshape(rows(ins[0].shape, p)) @ ins[1].T
    if not p.no_bias:
        y += ins[2]
    act = getattr(p, "act", None)
    if act:
        ALL[act](xp, y, y)
    outs[0][...] = y.reshape(outs[0].shape)


def run_backward_data(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards the data."""
    p: Params = node.params.forward
    outs[0][...] = (ins[0].reshape(-1, p.num_hidden) @ ins[1]).reshape(outs[0].shape)


def run_backward_weights(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards weight and bias."""
    p: Params = node.params.forward
    dy = ins[1].reshape(-1, p.num_hidden)
    outs[0][...] = dy.T @ ins[0].reshape(rows(ins[0].shape, p))
    if not p.no_bias:
        outs[1][...] = dy.sum(axis=0)


def infer_backward_data(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, dtype_of(ins[0]))]


def infer_backward_weights(b: Backward, ins: Types, outs: Types) -> Inferred:
    """Gradients of weights are at least float32."""
    dtype = statistics_dtype(dtype_of(ins[0]))
    result = [PartialType((b.forward.num_hidden, rows(b.shape, b.forward)[1]), dtype)]
    return list(ins), result if b.forward.no_bias else [*result, PartialType((b.forward.num_hidden,), dtype)]


def weight_desc(axes: tuple[int, ...], dtype: str) -> onednn.MemoryDesc:
    """float32 runs at full speed on plain weights, so nothing is packed; narrower types need the library's format."""
    return onednn.desc(TensorType(axes)) if dtype == "float32" else onednn.any_layout(axes, dtype)


def forward_desc(p: Params, data: TensorType, out: TensorType, prop: onednn.Prop) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward, the hint of the backward too."""
    n, d = rows(data.shape, p)
    if not onednn.available() or not onednn.supports(data, out) or data.layout.name != "plain":
        return None
    bias = None if p.no_bias else onednn.desc(TensorType((p.num_hidden,)))
    return onednn.describe(
        "inner_product_forward", prop, onednn.desc(data, (n, d)), weight_desc((p.num_hidden, d), data.dtype), bias,
        onednn.desc(out, (n, p.num_hidden)), attr=onednn.attributes(*post_ops(getattr(p, "act", None))),
    )  # fmt: skip


def fast_product(node: Node) -> Recipe | None:
    """oneDNN's matrix product: on plain weights and more than one row several times as fast as its inner product."""
    p: Params = node.params
    data, out = node.inputs[0].type, node.types[0]
    n, d = rows(data.shape, p)
    if not onednn.available() or not onednn.supports(data, out) or data.layout.name != "plain":
        return None
    if n < 2 or not data.dtype == out.dtype == "float32":
        return None
    weight = onednn.strided((d, p.num_hidden), "float32", (1, d))
    bias = None if p.no_bias else onednn.desc(TensorType((1, p.num_hidden)))
    pd = onednn.describe(
        "matmul", onednn.desc(data, (n, d)), weight, bias, onednn.desc(out, (n, p.num_hidden)),
        attr=onednn.attributes(*post_ops(getattr(p, "act", None))),
    )  # fmt: skip
    if pd is None:
        return None
    ins: dict[int, Any] = {A.SRC: (0, (n, d)), A.WEIGHTS: (1, weight)}
    if not p.no_bias:
        ins[A.BIAS] = (2, (1, p.num_hidden))
    return onednn.recipe(pd, node, ins, {A.DST: (0, (n, p.num_hidden))})


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN, with bias and activation in the same pass."""
    p: Params = node.params
    data, out = node.inputs[0].type, node.types[0]
    if made := fast_product(node):
        return made
    pd = forward_desc(p, data, out, onednn.Prop.INFERENCE)
    if pd is None:
        return None
    n, d = rows(data.shape, p)
    ins: dict[int, Any] = {A.SRC: (0, (n, d)), A.WEIGHTS: 1}
    if not p.no_bias:
        ins[A.BIAS] = 2
    return onednn.recipe(pd, node, ins, {A.DST: (0, (n, p.num_hidden))})


def narrow_backward_data(node: Node) -> Recipe | None:
    """dy W as a matrix product of narrow types; None for others."""
    p: Params = node.params.forward
    dy, dx = node.inputs[0].type, node.types[0]
    n, d = rows(dx.shape, p)
    if not onednn.available() or not onednn.supports(dy, dx) or dy.layout.name != "plain" or n < 1:
        return None
    if dx.dtype not in NARROW:
        return None
    axes = (p.num_hidden, d)
    pd = onednn.describe(
        "matmul", onednn.desc(dy, (n, p.num_hidden)), onednn.any_layout(axes, dx.dtype), None, onednn.desc(dx, (n, d))
    )
    if pd is None:
        return None
    return onednn.recipe(pd, node, {A.SRC: (0, (n, p.num_hidden)), A.WEIGHTS: (1, axes)}, {A.DST: (0, (n, d))})


def fast_backward_data(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward data; in narrow types its matrix product, which packs weights better."""
    p: Params = node.params.forward
    dy, dx = node.inputs[0].type, node.types[0]
    if made := narrow_backward_data(node):
        return made
    hint = forward_desc(p, dx, dy, onednn.Prop.TRAINING)
    if hint is None:
        return None
    n, d = rows(dx.shape, p)
    pd = onednn.describe(
        "inner_product_backward_data", onednn.desc(dx, (n, d)), weight_desc((p.num_hidden, d), dx.dtype),
        onednn.desc(dy, (n, p.num_hidden)), hint,
    )  # fmt: skip
    if pd is None:
        return None
    return onednn.recipe(pd, node, {A.DIFF_DST: (0, (n, p.num_hidden)), A.WEIGHTS: 1}, {A.DIFF_SRC: (0, (n, d))})


def fast_backward_weights(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward weights; gradients come as float32 from any precision."""
    p: Params = node.params.forward
    x, dy = node.inputs[0].type, node.inputs[1].type
    hint = forward_desc(p, x, dy, onednn.Prop.TRAINING)
    if hint is None or node.types[0].dtype != "float32":
        return None
    n, d = rows(x.shape, p)
    axes = (p.num_hidden, d)
    pd = onednn.describe(
        "inner_product_backward_weights", onednn.desc(x, (n, d)), onednn.desc(TensorType(axes)),
        None if p.no_bias else onednn.desc(TensorType((p.num_hidden,))), onednn.desc(dy, (n, p.num_hidden)), hint,
    )  # fmt: skip
    if pd is None:
        return None
    outs: dict[int, Any] = {A.DIFF_WEIGHTS: 0}
    if not p.no_bias:
        outs[A.DIFF_BIAS] = 1
    return onednn.recipe(pd, node, {A.SRC: (0, (n, d)), A.DIFF_DST: (1, (n, p.num_hidden))}, outs)


def gpu(node: Node, device: Device) -> Recipe | None:
    """cuBLASLt, with bias and activation in the same call where it can."""
    p: Params = node.params
    n, d = rows(node.inputs[0].type.shape, p)
    act, dtype = getattr(p, "act", None), node.types[0].dtype
    if not _products.usable(node) or any(e.type.dtype != dtype for e in node.inputs[:2]):
        return None
    whole = cuda.Product(1, n, d, p.num_hidden, False, True, dtype, dtype)
    if not p.no_bias:
        return _products.with_bias(device, whole, act)
    return _products.with_activation(device, whole, act) if act else _products.product(device, whole)


def gpu_backward_data(node: Node, device: Device) -> Recipe | None:
    """cuBLASLt."""
    p: Params = node.params.forward
    n, d = rows(node.types[0].shape, p)
    dtype = node.types[0].dtype
    if not _products.usable(node) or any(e.type.dtype != dtype for e in node.inputs):
        return None
    return _products.product(device, cuda.Product(1, n, p.num_hidden, d, False, False, dtype, dtype))


def gpu_backward_weights(node: Node, device: Device) -> Recipe | None:
    """cuBLASLt, with the bias's gradient in the same call where it can; gradients come as float32."""
    p: Params = node.params.forward
    x, dy = (e.type for e in node.inputs)
    n, d = rows(x.shape, p)
    if not _products.usable(node) or x.dtype != dy.dtype or node.types[0].dtype != "float32":
        return None
    whole = cuda.Product(1, p.num_hidden, n, d, True, False, x.dtype, "float32")
    return _products.product(device, whole, (1, 0)) if p.no_bias else _products.with_sums(device, whole)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, weight and bias."""
    p: Params = node.params
    if dys[0] is None:
        return [None] * len(node.inputs)
    plain = Params(num_hidden=p.num_hidden, no_bias=p.no_bias, flatten=p.flatten)
    dy = backward(node, dys[0], getattr(p, "act", None))
    data, weight = node.inputs[:2]
    b = Backward(plain, data.type.shape)
    dx = apply_node(BACKWARD_DATA, f"{node.name}_backward_data", (dy, weight), b)
    dw = apply_node(BACKWARD_WEIGHTS, f"{node.name}_backward_weights", (data, dy), b)
    return [dx[0], *(dw[i] for i in range(len(node.inputs) - 1))]


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """The activation after it; outside training also a batch normalisation, folded into the weights."""
    p: Params = node.params
    act = absorbed(reader, training)
    if getattr(p, "act", None) is not None:
        return None
    inputs: Sequence[Entry] = node.inputs
    no_bias = p.no_bias
    if act is None:
        folded = fold(node, reader, p.no_bias) if not training and p.flatten else None
        if folded is None:
            return None
        (inputs, act), no_bias = folded, False
    fused = Fused(num_hidden=p.num_hidden, no_bias=no_bias, flatten=p.flatten, act=act)
    return apply_node(OP, reader.name, inputs, fused, (node.name, reader.name))


BACKWARD_DATA = Op(
    "fully_connected_backward_data", infer_backward_data,
    {"reference": reference(run_backward_data), "onednn": fast_backward_data,
     "cuda": gpu_backward_data}, flops=backward_data_flops,
    params=Backward, inputs=("dy", "weight"), precision="narrow",
)  # fmt: skip
BACKWARD_WEIGHTS = Op(
    "fully_connected_backward_weights", infer_backward_weights,
    {"reference": reference(run_backward_weights), "onednn": fast_backward_weights,
     "cuda": gpu_backward_weights}, flops=backward_weights_flops,
    params=Backward, inputs=("data", "dy"), precision="narrow", wide=("dweight", "dbias"),
    outputs=lambda b: ("dweight",) if b.forward.no_bias else ("dweight", "dbias"),
)  # fmt: skip
OP = Op(
    "fully_connected", infer, {"reference": reference(run), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=input_names,
    mxnet=("FullyConnected",), gradient=gradient, absorb=absorb, flops=weight_flops, precision="narrow", wide=("bias",),
)  # fmt: skip
