"""deconvolution: the transpose of a convolution, from a small image to a larger one.

Shapes:
    data (N, C, S...), weight (C, F/G, K...), bias (F,) -> output (N, F, O...)
    O = stride (S - 1) + dilate (K - 1) + 1 - 2 pad + adj, with one to three spatial axes
    target_shape: O as given; pad and adj follow from it

Source: MXNet's Deconvolution; Zeiler et al., "Deconvolutional networks", 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import Spatial, SpatialPad, declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops._activations import absorbed, backward
from mxtrain.ops._call import reference
from mxtrain.ops._deconvolution import (
    Geometry,
    fast_forward,
    forward_flops,
    gpu_forward,
    gradients,
    output_sizes,
    run_forward,
)
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank, statistics_dtype
from mxtrain.ops._spatial import per_axis


@declare
class Params:
    """Parameters of deconvolution."""

    num_filter: int = param(ge=1, doc="number of output channels")
    kernel: Spatial = param(doc="window; a number stands for a pair", min_length=1)
    stride: Spatial = param((), doc="distance of the windows in the output; empty: 1")
    dilate: Spatial = param((), doc="distance of the window's elements; empty: 1")
    pad: SpatialPad = param((), doc="cut off on both sides of the output; empty: 0")
    adj: SpatialPad = param((), doc="added at the end of the output, less than the stride; empty: 0")
    target_shape: SpatialPad = param((), doc="size of the output, instead of pad and adj; empty or 0: not given")
    num_group: int = param(1, ge=1, doc="groups of channels that do not see each other")
    no_bias: bool = param(True, doc="leave out the bias")


@declare
class Fused(Params):
    """A deconvolution that has absorbed the activation after it. Made by the compiler."""

    act: str | None = param(None, doc="the activation")


def input_names(p: Params) -> tuple[str, ...]:
    """No bias, no input."""
    return ("data", "weight") if p.no_bias else ("data", "weight", "bias")


def geometry(p: Params, sizes: Sequence[int]) -> Geometry:
    """The windows over an image of these sizes.

    Raises:
        ShapeError: if adj is not less than the stride, the target too large, or nothing is left of the output.
    """
    rank = len(p.kernel)
    stride, dilate = per_axis(p.stride, rank, 1, "stride"), per_axis(p.dilate, rank, 1, "dilate")
    pad, adj = per_axis(p.pad, rank, 0, "pad"), per_axis(p.adj, rank, 0, "adj")
    g = Geometry(p.num_filter, p.num_group, tuple(p.kernel), stride, dilate, pad, adj, not p.no_bias,
                 getattr(p, "act", None))  # fmt: skip
    if any(p.target_shape):
        target = per_axis(p.target_shape, rank, 0, "target_shape")
        whole = output_sizes(g._replace(pad=(0,) * rank, adj=(0,) * rank), sizes)
        if any(t > w or t == 0 for t, w in zip(target, whole, strict=True)):
            raise ShapeError(f"target_shape {target} must be at least 1 and at most {whole}, the size without padding")
        # An odd rest is cut off once at the front and given back at the end.
        rest = [w - t for w, t in zip(whole, target, strict=True)]
        g = g._replace(pad=tuple((r + 1) // 2 for r in rest), adj=tuple(r % 2 for r in rest))
    if any(a >= s for a, s in zip(g.adj, stride, strict=True)):
        raise ShapeError(f"adj {g.adj} must be less than the stride {stride}")
    if any(o < 1 for o in output_sizes(g, sizes)):
        raise ShapeError(f"pad {pad} leaves nothing of the output: {output_sizes(g, sizes)}")
    return g


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Weight and bias from the data; channels of the data from the weight."""
    rank = len(p.kernel)
    shape = need_rank(ins[0], (rank + 2,), "data", f"(N, C{', S' * rank})")
    if p.num_filter % p.num_group:
        raise ShapeError(f"num_filter {p.num_filter} must be a multiple of num_group {p.num_group}")
    dtype = dtype_of(ins[0], outs[0])
    weight = ins[1].shape
    channels = shape[1] if shape else None
    if channels is None and weight:
        channels = weight[0]
    if channels is not None and channels % p.num_group:
        raise ShapeError(f"{channels} channels of 'data' must be a multiple of num_group {p.num_group}")
    batch = shape[0] if shape else (outs[0].shape or (None,))[0]
    sizes = shape[2:] if shape else (None,) * rank
    known = [s for s in sizes if s is not None]
    out = output_sizes(geometry(p, known), known) if len(known) == rank else (None,) * rank
    weights = statistics_dtype(dtype) if ins[1].dtype is None else ins[1].dtype
    per_group = p.num_filter // p.num_group
    want = [PartialType((batch, channels, *sizes), dtype), PartialType((channels, per_group, *p.kernel), weights)]
    if not p.no_bias:
        want.append(PartialType((p.num_filter,), statistics_dtype(dtype)))
    return want, [PartialType((batch, p.num_filter, *out), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    run_forward(geometry(node.params, ins[0].shape[2:]), xp, ins, outs[0])


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's deconvolution."""
    return fast_forward(geometry(node.params, node.inputs[0].type.shape[2:]), node)


def gpu(node: Node, device: Device) -> Recipe | None:
    """cuDNN's deconvolution."""
    return gpu_forward(geometry(node.params, node.inputs[0].type.shape[2:]), node, device)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, weight and bias."""
    if dys[0] is None:
        return [None] * len(node.inputs)
    data, weight = node.inputs[:2]
    g = geometry(node.params, data.type.shape[2:])
    return gradients(node.name, g, data, weight, backward(node, dys[0], g.act))


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """The activation after it."""
    p: Params = node.params
    act = absorbed(reader, training)
    if getattr(p, "act", None) is not None or act is None:
        return None
    fields = {k: getattr(p, k) for k in Params.__dataclass_fields__}
    return apply_node(OP, reader.name, node.inputs, Fused(**fields, act=act), (node.name, reader.name))


OP = Op(
    "deconvolution", infer, {"reference": reference(run), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=input_names,
    mxnet=("Deconvolution",), gradient=gradient, absorb=absorb, layout="spatial", flat=("weight", "bias"),
    precision="narrow", wide=("bias",), flops=forward_flops,
)  # fmt: skip
