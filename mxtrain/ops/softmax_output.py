"""softmax_output: softmax whose backward is the gradient of the cross-entropy with the label.

Shapes:
    data (N, K...), label (N,) -> output, as data, softmax over all axes but the first
    multi_output: data (N, K, S...), label (N, S...) or (N, positions), softmax over K
    preserve_shape: data (..., K), label (...), softmax over K
    A label of the shape of the data holds probabilities.

What comes from above is not asked. The gradient is (p - onehot(label)) grad_scale, summed over the batch (normalization
null), divided by the batch size (batch) or by the number of labels that are not ignored (valid); multi_output divides
by the positions too, except valid.

Source: MXNet's SoftmaxOutput, smooth_alpha included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType
from mxtrain.graph import Call, Entry, Kernel, Node, Op, Recipe, apply_node
from mxtrain.ops import _softmax_cuda
from mxtrain.ops._call import Run, reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, product, statistics_dtype

TINY = 1e-37


@declare
class Params:
    """Parameters of softmax_output."""

    grad_scale: float = param(1.0, doc="factor of the gradient")
    ignore_label: float = param(-1.0, doc="the label that use_ignore leaves out")
    multi_output: bool = param(False, doc="softmax over axis 1, one label per position")
    use_ignore: bool = param(False, doc="samples with ignore_label have no gradient")
    preserve_shape: bool = param(False, doc="softmax over the last axis")
    normalization: Literal["null", "batch", "valid"] = param("null", doc="what the gradient is divided by")
    out_grad: bool = param(False, doc="multiply by the gradient from above")
    smooth_alpha: float = param(0.0, ge=0, le=1, doc="label smoothing")


def label_shape(p: Params, shape: PartialShape) -> PartialShape:
    """The axes of a label of classes."""
    if p.multi_output:
        return (shape[0], *shape[2:])
    return shape[:-1] if p.preserve_shape else (shape[0],)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The label from the data, unless it is known to hold probabilities."""
    dtype = dtype_of(ins[0], outs[0])
    shape = ins[0].shape if ins[0].shape is not None else outs[0].shape
    if shape is None:
        return [PartialType(None, dtype), ins[1]], [PartialType(None, dtype)]
    label = label_shape(p, shape)
    if ins[1].shape is not None and len(ins[1].shape) == len(shape):
        label = shape
    elif p.multi_output and ins[1].shape is not None and len(ins[1].shape) == 2:
        label = (shape[0], product(shape[2:]))
    kind = ins[1].dtype or statistics_dtype(dtype)
    return [PartialType(shape, dtype), PartialType(label, kind)], [PartialType(shape, dtype)]


def matrix(a: Any, p: Params) -> Any:
    """The array with the classes along its axis 1: (N, K) or (N, K, S)."""
    if p.multi_output:
        return a.reshape(a.shape[0], a.shape[1], -1)
    return a.reshape(-1, a.shape[-1]) if p.preserve_shape else a.reshape(a.shape[0], -1)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x = matrix(ins[0], node.params)
    e = xp.exp(x - x.max(axis=1, keepdims=True))
    outs[0][...] = (e / e.sum(axis=1, keepdims=True)).reshape(outs[0].shape)


def scale_of(p: Params, shape: Sequence[int]) -> float:
    """The factor of the gradient, but for the count of valid labels."""
    scale = p.grad_scale
    if p.multi_output and p.normalization != "valid":
        scale /= math.prod(shape[2:])
    return scale / shape[0] if p.normalization == "batch" else scale


def targets(p: Params, xp: Any, prob: Any, label: Any) -> tuple[Any, Any, Any]:
    """(target probabilities like the matrix, mask of rows that count (N, 1[, S]), factor)."""
    q = matrix(prob, p)
    scale = scale_of(p, prob.shape)
    if label.shape == prob.shape:
        return matrix(label, p), xp.ones((q.shape[0], 1, *q.shape[2:]), q.dtype), scale
    classes = label.reshape(q.shape[0], 1, *q.shape[2:])
    where = xp.arange(q.shape[1]).reshape(1, -1, *(1,) * (q.ndim - 2))
    rest = p.smooth_alpha / max(q.shape[1] - 1, 1)
    target = xp.where(classes.astype(xp.int64) == where, 1 - p.smooth_alpha, rest).astype(q.dtype)
    counted = classes != p.ignore_label if p.use_ignore else xp.ones(classes.shape, bool)
    if p.normalization == "valid":
        scale = scale / (xp.maximum((classes != p.ignore_label).sum(), 1) if p.use_ignore else classes.size)
    return target, counted.astype(q.dtype), scale


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward."""
    p: Params = node.params
    target, counted, scale = targets(p, xp, ins[0], ins[1])
    d = (matrix(ins[0], p) - target) * counted * scale
    if p.out_grad:
        d = d * matrix(ins[2], p)
    outs[0][...] = d.reshape(outs[0].shape)


def run_loss(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Cross-entropy, scaled as the gradient is."""
    p: Params = node.params
    target, counted, scale = targets(p, xp, ins[0], ins[1])
    logs = xp.log(xp.maximum(matrix(ins[0], p), TINY))
    outs[0][...] = -(logs * target * counted).sum() * scale


@dataclass(frozen=True)
class Buffers:
    """Arrays of the allocation-free path: one index and one value per row."""

    base: Any
    index: Any
    value: Any


def simple(node: Node) -> bool:
    """True if labels are classes of rows, all counted alike: what nearly every classifier asks for."""
    p: Params = node.params
    prob, label = node.inputs[0].type, node.inputs[1].type
    return not (p.multi_output or p.use_ignore or p.out_grad or p.smooth_alpha or prob.dtype == "bfloat16"
                or label.shape == prob.shape or p.normalization == "valid")  # fmt: skip


def buffers(node: Node, xp: Any, scratch: Any) -> Buffers:
    """Views of the scratch."""
    t = node.inputs[0].type
    rows = math.prod(node.inputs[1].type.shape)
    base = xp.arange(rows, dtype=xp.int64) * (t.size // rows)
    return Buffers(base, scratch[: 8 * rows].view(xp.int64), scratch[8 * rows : 16 * rows].view(t.dtype)[:rows])


def pick(xp: Any, b: Buffers, prob: Any, label: Any) -> None:
    """b.value = the probability of each row's label."""
    xp.copyto(b.index, label, casting="unsafe")
    xp.add(b.index, b.base, out=b.index)
    prob.take(b.index, out=b.value, mode="clip")


def simple_backward(xp: Any, b: Buffers, scale: float, arrays: tuple[Any, Any, Any]) -> None:
    """dx = (p - onehot) * scale, nothing allocated."""
    dx, prob, label = arrays
    pick(xp, b, prob, label)
    xp.subtract(b.value, 1, out=b.value)
    xp.copyto(dx, prob)
    dx.put(b.index, b.value, mode="clip")
    if scale != 1:
        xp.multiply(dx, scale, out=dx)


def simple_loss(xp: Any, b: Buffers, scale: float, arrays: tuple[Any, Any, Any]) -> None:
    """-sum(log p[label]) * scale, nothing allocated."""
    out, prob, label = arrays
    pick(xp, b, prob, label)
    xp.maximum(b.value, TINY, out=b.value)
    xp.log(b.value, out=b.value)
    xp.sum(b.value, out=out)
    xp.multiply(out, -scale, out=out)


def lean(function: Any, general: Any) -> Any:
    """A reference kernel that takes the allocation-free path where that is enough."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        if not simple(node) or device.name != "cpu":
            made: Recipe | None = general(node, device)
            return made
        rows = math.prod(node.inputs[1].type.shape)
        scale = scale_of(node.params, node.inputs[0].type.shape)

        def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
            xp = device.xp
            flat = outs[0].reshape(-1) if outs[0].ndim else outs[0]
            return function, (xp, buffers(node, xp, scratch), scale, (flat, ins[0].reshape(-1), ins[1].reshape(-1)))

        return Recipe(prepare, scratch=16 * rows)

    return kernel


def lean_kernels(function: Any, general: Run) -> dict[str, Kernel]:
    """The kernels of code that has an allocation-free path."""
    return {"reference": lean(function, reference(general)), "cuda": cuda.array_kernel(general)}


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return list(ins), [ins[0]]


def infer_loss(p: Params, ins: Types, outs: Types) -> Inferred:
    """A scalar."""
    return list(ins), [PartialType((), statistics_dtype(ins[0].dtype))]


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's softmax over the matrix."""
    p: Params = node.params
    t = node.types[0]
    if p.multi_output or not onednn.available() or not onednn.supports(t) or t.layout.name != "plain":
        return None
    width = t.shape[-1] if p.preserve_shape else math.prod(t.shape[1:])
    axes = (t.size // width, width)
    md = onednn.desc(t, axes)
    pd = onednn.describe("softmax_forward", onednn.Prop.INFERENCE, onednn.Algorithm.SOFTMAX, md, md, 1)
    if pd is None or node.inputs[0].type != t:
        return None
    return onednn.recipe(pd, node, {onednn.Arg.SRC: (0, axes)}, {onednn.Arg.DST: (0, axes)}, inplace=((0, 0),))


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Of the cross-entropy; the label has none."""
    ins = [node[0], node.inputs[1]]
    if node.params.out_grad:
        if dys[0] is None:
            return [None, None]
        ins.append(dys[0])
    return [apply_node(BACKWARD, f"{node.name}_backward", ins, node.params)[0], None]


def loss(node: Node) -> Entry:
    """The cross-entropy that is differentiated."""
    return apply_node(LOSS, f"{node.name}_loss", (node[0], node.inputs[1]), node.params)[0]


def at_eval(node: Node) -> Sequence[Entry]:
    """Softmax alone: no label is needed."""
    return [apply_node(PROBABILITIES, node.name, node.inputs[:1], node.params, node.origins, node.source)[0]]


def infer_probabilities(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return [ins[0]], [ins[0]]


def gpu(node: Node, device: Device) -> Recipe | None:
    """A kernel over rows, or the reference compiled."""
    p: Params = node.params
    rank = len(node.types[0].shape)
    axes = (1,) if p.multi_output else (rank - 1,) if p.preserve_shape else tuple(range(1, rank))
    return _softmax_cuda.forward(node, device, axes) or COMPILED(node, device)


COMPILED = cuda.array_kernel(run)
KERNELS = {"reference": reference(run), "onednn": fast, "cuda": gpu}
BACKWARD = Op(
    "softmax_output_backward", infer_backward, lean_kernels(simple_backward, run_backward),
    params=Params, inputs=lambda p: ("prob", "label", "dy") if p.out_grad else ("prob", "label"),
)  # fmt: skip
LOSS = Op(
    "softmax_output_loss", infer_loss, lean_kernels(simple_loss, run_loss), params=Params,
    inputs=("prob", "label"),
)  # fmt: skip
PROBABILITIES = Op("softmax_output", infer_probabilities, KERNELS, params=Params)
OP = Op(
    "softmax_output", infer, KERNELS, params=Params, inputs=("data", "label"),
    mxnet=("SoftmaxOutput", "Softmax"), gradient=gradient, loss=loss, at_eval=at_eval,
)  # fmt: skip
