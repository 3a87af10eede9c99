"""batch_norm: normalise each channel over the batch and the spatial axes, then scale and shift.

Shapes:
    data (N, C, S...), gamma (C,), beta (C,), moving_mean (C,), moving_var (C,)
    -> output, same as data; hidden: mean (C,), var (C,), workspace

Training uses the batch's mean and biased variance, and moves the moving statistics towards them, biased too;
outside training (and with use_global_stats) the moving statistics are used.

Source: Ioffe and Szegedy, "Batch normalization", 2015; semantics and defaults of MXNet's BatchNorm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import Layout, PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops import _batch_norm_cuda
from mxtrain.ops._activations import absorbed
from mxtrain.ops._add_act import ADD_ACT, other_addend
from mxtrain.ops._blend import blend
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis, statistics_dtype

A = onednn.Arg


@declare
class Params:
    """Parameters of batch_norm."""

    eps: float = param(1e-3, gt=0, doc="added to the variance")
    momentum: float = param(0.9, ge=0, le=1, doc="how much the moving statistics keep")
    fix_gamma: bool = param(True, doc="gamma is 1 and not trained")
    use_global_stats: bool = param(False, doc="use the moving statistics in training too")
    output_mean_var: bool = param(False, doc="as MXNet writes it; mean and var are no outputs here")
    axis: int = param(1, doc="the axis of channels")


@declare
class Fused(Params):
    """A normalisation that has absorbed what comes after it. Made by the compiler."""

    act: str | None = param(None, doc="the activation (relu)")
    add: bool = param(False, doc="another input is added, before the activation")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters."""

    forward: Params


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Everything else from the data."""
    addend = ins[5:]
    shape = merge_shapes(ins[0].shape, outs[0].shape)
    dtype = dtype_of(ins[0], outs[0])
    channels = None
    if shape is not None:
        if len(shape) < 2:
            raise ShapeError(f"input 'data' must have the axes (N, C, S...), got {PartialType(shape)}")
        channels = shape[normal_axis(p.axis, len(shape))]
    for t in ins[1:5]:
        channels = t.shape[0] if channels is None and t.shape and len(t.shape) == 1 else channels
    data, one = PartialType(shape, dtype), PartialType((channels,), statistics_dtype(dtype))
    return [data, one, one, one, one, *[data] * len(addend)], [data, one, one, PartialType((0,), "uint8")]


def column(v: Any, node: Node, rank: int) -> Any:
    """A vector of channels, shaped to broadcast over the data."""
    axis = normal_axis(node.params.axis if hasattr(node.params, "axis") else node.params.forward.axis, rank)
    return v.reshape([-1 if i == axis else 1 for i in range(rank)])


def reduced(p: Params, rank: int) -> tuple[int, ...]:
    """The axes that are summed over."""
    axis = normal_axis(p.axis, rank)
    return tuple(i for i in range(rank) if i != axis)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    x, gamma, beta, moving_mean, moving_var = ins[:5]
    axes = reduced(p, x.ndim)
    wide = x.astype(xp.float64)
    mean = moving_mean if p.use_global_stats else wide.mean(axis=axes)
    var = moving_var if p.use_global_stats else wide.var(axis=axes)
    outs[1][...], outs[2][...] = mean, var
    y = (wide - column(mean, node, x.ndim)) / xp.sqrt(column(var, node, x.ndim) + p.eps)
    if not p.fix_gamma:
        y = y * column(gamma, node, x.ndim)
    y = y + column(beta, node, x.ndim)
    if added(p):
        y = y + ins[5]
    if getattr(p, "act", None):
        if node.reads(3):
            outs[3][...] = (y > 0).reshape(-1)
        y = xp.maximum(y, 0)
    outs[0][...] = y


def mask_layout(node: Node) -> dict[int, Layout]:
    """The reference's workspace: one byte per element that says where the activation let it through."""
    size = node.types[0].size if getattr(node.params, "act", None) and node.reads(3) else 0
    return {3: Layout("workspace", "mask", size)}


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward."""
    p: Params = node.params.forward
    dy, x, gamma, mean, var = (a.astype(xp.float64) for a in ins[:5])
    if getattr(p, "act", None):
        dy = dy * ins[5].reshape(dy.shape)
    if len(outs) > 3:
        outs[3][...] = dy
    axes, count = reduced(p, x.ndim), x.size // mean.size
    inverse = 1 / xp.sqrt(column(var, node, x.ndim) + p.eps)
    normal = (x - column(mean, node, x.ndim)) * inverse
    dbeta, dgamma = dy.sum(axis=axes), (dy * normal).sum(axis=axes)
    scale = inverse if p.fix_gamma else inverse * column(gamma, node, x.ndim)
    if not p.use_global_stats:
        dy = dy - (column(dbeta, node, x.ndim) + normal * column(dgamma, node, x.ndim)) / count
    outs[0][...] = dy * scale
    outs[1][...] = 0 if p.fix_gamma else dgamma
    outs[2][...] = dbeta


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    return list(ins), [ins[1], ins[2], ins[2], ins[1]][: len(outs)]


def added(p: Params) -> bool:
    """True if another input is added."""
    return bool(getattr(p, "add", False))


def input_names(p: Params) -> tuple[str, ...]:
    """Those of a normalisation, and the addend."""
    return ("data", "gamma", "beta", "moving_mean", "moving_var", *(("addend",) if added(p) else ()))


def backward_names(b: Backward) -> tuple[str, ...]:
    """An addend has a gradient of its own where an activation follows; else it is that of the output."""
    own = added(b.forward) and getattr(b.forward, "act", None)
    return ("ddata", "dgamma", "dbeta", *(("daddend",) if own else ()))


def flags(p: Params) -> int:
    """oneDNN's normalisation flags."""
    f = onednn.Flag
    return (
        f.SHIFT
        | (0 if p.fix_gamma else f.SCALE)
        | (f.GLOBAL_STATS if p.use_global_stats else 0)
        | (f.RELU if getattr(p, "act", None) else 0)
    )


def forward_desc(p: Params, node: Node, data: int, training: bool) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward on input number `data` of the node."""
    t = node.inputs[data].type
    if not onednn.available() or not onednn.supports(t) or p.axis != 1 or t.layout.opaque or len(t.shape) < 2:
        return None
    md = onednn.desc(t)
    prop = onednn.Prop.TRAINING if training else onednn.Prop.INFERENCE
    return onednn.describe("batch_normalization_forward", prop, md, md, float(p.eps), flags(p))


def backward_desc(p: Params, node: Node, data: int) -> onednn.PrimitiveDesc | None:
    """The library's plan for the backward."""
    hint = forward_desc(p, node, data, True)
    if hint is None:
        return None
    md = onednn.desc(node.inputs[data].type)
    return onednn.describe(
        "batch_normalization_backward", onednn.Prop.BACKWARD, md, md, md, float(p.eps), flags(p), hint
    )


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN; a workspace only where a backward will read it."""
    p: Params = node.params
    training = node.reads(3) and bool(node.used) or not p.use_global_stats
    if added(p):
        return None
    pd = forward_desc(p, node, 0, training)
    if pd is None or (training and backward_desc(p, node, 0) is None):
        return None
    ins: dict[int, Any] = {A.SRC: 0, A.SHIFT: 2}
    outs: dict[int, Any] = {A.DST: 0}
    if not p.fix_gamma:
        ins[A.SCALE] = 1
    if p.use_global_stats:
        ins |= {A.MEAN: 3, A.VARIANCE: 4}
    else:
        outs |= {A.MEAN: 1, A.VARIANCE: 2}
    if pd.desc(A.WORKSPACE):
        outs[A.WORKSPACE] = 3
    made = onednn.recipe(pd, node, ins, outs, hidden=(3,))
    if p.use_global_stats and (node.reads(1) or node.reads(2)) and node.used:
        return None
    return made


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN, if the forward was oneDNN's too: the workspace is its own."""
    p: Params = node.params.forward
    if added(p):
        return None
    pd = backward_desc(p, node, 1)
    key = node.inputs[5].type.layout.key
    if pd is None or node.inputs[0].type != node.inputs[1].type or (key == "mask" and getattr(p, "act", None)):
        return None
    ins: dict[int, Any] = {A.DIFF_DST: 0, A.SRC: 1, A.MEAN: 3, A.VARIANCE: 4}
    outs: dict[int, Any] = {A.DIFF_SRC: 0, A.DIFF_SHIFT: 2}
    if not p.fix_gamma:
        ins[A.SCALE], outs[A.DIFF_SCALE] = 2, 1
    if pd.desc(A.WORKSPACE):
        ins[A.WORKSPACE] = 5
    return onednn.recipe(pd, node, ins, outs, inplace=((0, 0),))


def facts(p: Params, rank: int) -> _batch_norm_cuda.Facts:
    """The parameters as a GPU's kernels take them."""
    relu = getattr(p, "act", None) is not None
    return _batch_norm_cuda.Facts(normal_axis(p.axis, rank), p.eps, p.use_global_stats, p.fix_gamma, relu)


def gpu(node: Node, device: Device) -> Recipe | None:
    """Own kernels, or the reference compiled."""
    made = _batch_norm_cuda.forward(node, device, facts(node.params, len(node.types[0].shape)))
    return made or COMPILED(node, device)


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """Own kernels if the forward's were, or the reference compiled."""
    made = _batch_norm_cuda.backward(node, device, facts(node.params.forward, len(node.types[0].shape)))
    return made or (COMPILED_BACKWARD(node, device) if node.inputs[5].type.layout.key == "mask" else None)


COMPILED, COMPILED_BACKWARD = cuda.array_kernel(run, workspace=mask_layout), cuda.array_kernel(run_backward)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, gamma (none if it is fixed) and beta."""
    p: Params = node.params
    if dys[0] is None:
        return [None] * len(node.inputs)
    mean, var = (node.inputs[3], node.inputs[4]) if p.use_global_stats else (node[1], node[2])
    ins = (dys[0], *node.inputs[:2], mean, var, node[3])
    back = apply_node(BACKWARD, f"{node.name}_backward", ins, Backward(p))
    addend = [back[3] if back.output_count > 3 else dys[0]] if added(p) else []
    return [back[0], None if p.fix_gamma else back[1], back[2], None, None, *addend]


def updates(node: Node) -> Mapping[int, Entry]:
    """moving = momentum * moving + (1 - momentum) * batch."""
    p: Params = node.params
    if p.use_global_stats:
        return {}
    return {i + 3: blend(f"{node.name}_{what}", node.inputs[i + 3], node[i + 1], p.momentum)
            for i, what in enumerate(("moving_mean_next", "moving_var_next"))}  # fmt: skip


def at_eval(node: Node) -> Sequence[Entry]:
    """By the moving statistics."""
    fields = {k: getattr(node.params, k) for k in type(node.params).__dataclass_fields__}
    fields["use_global_stats"] = True
    fixed = apply_node(OP, node.name, node.inputs, type(node.params)(**fields), node.origins, node.source)
    return [fixed[i] for i in range(4)]


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """A relu after it."""
    p: Params = node.params
    if getattr(p, "act", None) or added(p) or absorbed(reader) != "relu":
        return None
    fields = {k: getattr(p, k) for k in Params.__dataclass_fields__}
    return apply_node(OP, reader.name, node.inputs, Fused(**fields, act="relu"), (node.name, reader.name))


def absorb_compiled(node: Node, reader: Node) -> Node | None:
    """A sum after it, with a relu after that or not."""
    p: Params = node.params
    act = reader.params.act if reader.op is ADD_ACT else None
    other = [e for e in reader.inputs if e.node is not node] if reader.op is ADD_ACT else [other_addend(node, reader)]
    if getattr(p, "act", None) or added(p) or act not in (None, "relu") or len(other) != 1 or other[0] is None:
        return None
    fields = {k: getattr(p, k) for k in Params.__dataclass_fields__}
    inputs = (*node.inputs, other[0])
    return apply_node(OP, reader.name, inputs, Fused(**fields, act=act, add=True), (node.name, reader.name))


STATISTICS = ("gamma", "beta", "moving_mean", "moving_var", "mean", "var", "dgamma", "dbeta", "workspace")
BACKWARD = Op(
    "batch_norm_backward", infer_backward,
    {**array_code(run_backward, ((0, 0),)), "onednn": fast_backward, "cuda": gpu_backward}, params=Backward,
    inputs=("dy", "data", "gamma", "mean", "var", "workspace"), outputs=backward_names,
    layout="spatial", flat=STATISTICS, precision="narrow", wide=STATISTICS,
)  # fmt: skip
OP = Op(
    "batch_norm", infer, {**array_code(run, workspace=mask_layout), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=input_names, outputs=("output", "mean", "var", "workspace"), auxiliary=("moving_mean", "moving_var"),
    mxnet=("BatchNorm", "BatchNorm_v1"), gradient=gradient, updates=updates, at_eval=at_eval, absorb=absorb,
    absorb_compiled=absorb_compiled, layout="spatial", flat=STATISTICS, precision="narrow", wide=STATISTICS,
)  # fmt: skip
