"""up_sampling: images made larger by a whole factor.

Shapes:
    nearest: arg0..argM (N, Cm, Hm, Wm) -> output (N, C, scale H0, scale W0); every Hm divides scale H0, and so on.
        concat: C is the sum of all Cm; sum: all Cm are C
    bilinear: data (N, C, H, W), weight (C, 1, K, K) -> output (N, C, scale H, scale W); K = 2 scale - scale mod 2

nearest repeats pixels. bilinear is a deconvolution of each channel with a weight of its own, which interpolates if the
weight is initialised so (initialiser bilinear) and can be trained.

Source: MXNet's UpSampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape, TensorType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._deconvolution import Geometry, fast_forward, gradients, run_forward
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank, statistics_dtype

AXES = "(N, C, H, W)"


@declare
class Params:
    """Parameters of up_sampling."""

    scale: int = param(ge=1, doc="factor of height and width")
    sample_type: Literal["nearest", "bilinear"] = param(doc="repeat pixels, or a deconvolution per channel")
    num_args: int = param(ge=1, doc="number of images; bilinear has one, and its weight")
    num_filter: int = param(0, ge=0, doc="number of channels; bilinear needs it")
    multi_input_mode: Literal["concat", "sum"] = param("concat", doc="what happens to several images")


@dataclass(frozen=True)
class Backward:
    """How the images were put together, and their shapes."""

    mode: str
    shapes: tuple[Shape, ...]


def input_names(p: Params) -> tuple[str, ...]:
    """As many images as there are; bilinear has a weight."""
    return ("data", "weight") if p.sample_type == "bilinear" else tuple(f"arg{i}" for i in range(p.num_args))


def geometry(p: Params) -> Geometry:
    """The deconvolution that bilinear is."""
    kernel, pad = 2 * p.scale - p.scale % 2, p.scale // 2
    return Geometry(p.num_filter, p.num_filter, (kernel,) * 2, (p.scale,) * 2, (1, 1), (pad,) * 2, (0, 0), False)


def infer_bilinear(p: Params, ins: Types, outs: Types) -> Inferred:
    """The weight and the channels from num_filter."""
    shape = need_rank(ins[0], (4,), "data", AXES) or (None,) * 4
    dtype = dtype_of(ins[0], outs[0])
    if not p.num_filter or shape[1] not in (None, p.num_filter):
        raise ShapeError(f"num_filter must be the number of channels of 'data' ({shape[1]}), got {p.num_filter}")
    n, _, *sizes = shape
    kernel = geometry(p).kernel
    weight = PartialType((p.num_filter, 1, *kernel), ins[1].dtype or statistics_dtype(dtype))
    large = tuple(s and s * p.scale for s in sizes)
    return [PartialType((n, p.num_filter, *sizes), dtype), weight], [PartialType((n, p.num_filter, *large), dtype)]


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The output from the images.

    Raises:
        ShapeError: if an image is no whole part of the output.
    """
    if p.sample_type == "bilinear":
        return infer_bilinear(p, ins, outs)
    names, dtype = input_names(p), dtype_of(*ins, *outs)
    shapes = [need_rank(t, (4,), n, AXES) or (None,) * 4 for t, n in zip(ins, names, strict=True)]
    batch = next((s[0] for s in shapes if s[0] is not None), None)
    sizes = tuple(s and s * p.scale for s in shapes[0][2:])
    for name, s in zip(names, shapes, strict=True):
        if any(big is not None and small and big % small for big, small in zip(sizes, s[2:], strict=True)):
            raise ShapeError(
                f"height and width of input {name!r} must divide the output's {sizes}, got {PartialType(s)}"
            )
    channels = [s[1] for s in shapes]
    if p.multi_input_mode == "sum":
        one = next((c for c in channels if c is not None), None)
        channels, total = [one] * len(shapes), one
    else:
        total = None if None in channels else sum(c or 0 for c in channels)
    want = [PartialType((batch, c, *s[2:]), dtype) for c, s in zip(channels, shapes, strict=True)]
    return want, [PartialType((batch, total, *sizes), dtype)]


def parts(a: Any, b: Backward) -> list[Any]:
    """What each image has of the output (N, C, H, W), as a view (N, Cm, Hm, H/Hm, Wm, W/Wm)."""
    result, start = [], 0
    for n, c, h, w in b.shapes:
        part = a if b.mode == "sum" else a[:, start : start + c]
        result.append(part.reshape(n, c, h, a.shape[2] // h, w, a.shape[3] // w))
        start += c
    return result


def backward_of(node: Node) -> Backward:
    """How the images of a node are put together."""
    return Backward(node.params.multi_input_mode, tuple(e.type.shape for e in node.inputs))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    if p.sample_type == "bilinear":
        run_forward(geometry(p), xp, ins, outs[0])
        return
    added = p.multi_input_mode == "sum"
    for i, (part, x) in enumerate(zip(parts(outs[0], backward_of(node)), ins, strict=True)):
        large = x[:, :, :, None, :, None]
        part[...] = part + large if added and i else large


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward of nearest: the sum over the repeated pixels."""
    for part, dx in zip(parts(ins[0], node.params), outs, strict=True):
        dx[...] = part.sum(axis=(3, 5))


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shapes are known."""
    return list(ins), [PartialType(s, ins[0].dtype) for s in b.shapes]


def resampling(small: TensorType, large: TensorType) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward of nearest."""
    if not onednn.available() or not onednn.supports(small, large) or small.layout != large.layout:
        return None
    prop, nearest = onednn.Prop.TRAINING, onednn.Algorithm.RESAMPLING_NEAREST
    return onednn.describe("resampling_forward", prop, nearest, None, onednn.desc(small), onednn.desc(large))


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's resampling of one image, or its deconvolution."""
    p: Params = node.params
    data = node.inputs[0].type
    if p.sample_type == "bilinear":
        return fast_forward(geometry(p), node)
    pd = resampling(data, node.types[0]) if len(node.inputs) == 1 else None
    return None if pd is None else onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: 0})


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's resampling backward."""
    dy, dx = node.inputs[0].type, node.types[0]
    hint = resampling(dx, dy) if len(node.types) == 1 else None
    nearest = onednn.Algorithm.RESAMPLING_NEAREST
    pd = hint and onednn.describe("resampling_backward", nearest, None, onednn.desc(dx), onednn.desc(dy), hint)
    return None if pd is None else onednn.recipe(pd, node, {onednn.Arg.DIFF_DST: 0}, {onednn.Arg.DIFF_SRC: 0})


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the images, and bilinear's weight."""
    p: Params = node.params
    if dys[0] is None:
        return [None] * len(node.inputs)
    if p.sample_type == "bilinear":
        data, weight = node.inputs
        return gradients(node.name, geometry(p), data, weight, dys[0])
    back = apply_node(BACKWARD, f"{node.name}_backward", (dys[0],), backward_of(node))
    return [back[i] for i in range(len(node.inputs))]


BACKWARD = Op(
    "up_sampling_backward", infer_backward, {**array_code(run_backward), "onednn": fast_backward},
    params=Backward, inputs=("dy",), outputs=lambda b: tuple(f"darg{i}" for i in range(len(b.shapes))),
    layout="spatial", precision="narrow",
)  # fmt: skip
OP = Op(
    "up_sampling", infer, {**array_code(run), "onednn": fast}, params=Params, inputs=input_names,
    mxnet=("UpSampling",), gradient=gradient, layout="spatial", flat=("weight",), precision="narrow", variadic=True,
)  # fmt: skip
