"""bilinear_resize: images in another size, interpolated between the four nearest pixels.

Shapes:
    data (N, C, H, W) -> output (N, C, h, w)
    size: h = scale_height H rounded down, or height; odd_scale: the same, and scale_height (H - 1) + 1 for an odd H
    like: data, like (M, D, h, w); it is only measured
    to_even_down, to_even_up, to_odd_down, to_odd_up: the next size that is even or odd

With align_corners the corners of both images are the same points; without it their edges are.

Source: MXNet's BilinearResize2D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._resampling import IMAGE, between, image_shape, resample, resample_backward

PARITY = {"to_even_down": (0, -1), "to_even_up": (0, 1), "to_odd_down": (1, -1), "to_odd_up": (1, 1)}
"""Mode -> (remainder of 2 that a size may stay with, what is added to others)."""


@declare
class Params:
    """Parameters of bilinear_resize."""

    height: int = param(1, ge=1, le=10000, doc="height of the output, for mode size without scale_height")
    width: int = param(1, ge=1, le=10000, doc="width of the output, for mode size without scale_width")
    scale_height: float | None = param(None, gt=0, doc="factor of the height, for modes size and odd_scale")
    scale_width: float | None = param(None, gt=0, doc="factor of the width, for modes size and odd_scale")
    mode: Literal[
        "size", "odd_scale", "like", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"
    ] = param("size", doc="where the size comes from")  # fmt: skip
    align_corners: bool = param(True, doc="the middles of corner pixels stay where they are, not the image's edges")


@dataclass(frozen=True)
class Backward:
    """The shape of the data, and how positions correspond."""

    shape: Shape
    align_corners: bool


def input_names(p: Params) -> tuple[str, ...]:
    """like measures another image."""
    return ("data", "like") if p.mode == "like" else ("data",)


def new_size(p: Params, size: int, scale: float | None, given: int) -> int:
    """What becomes of one side of the image.

    Raises:
        ShapeError: if a scale is missing, or nothing would be left.
    """
    if p.mode in PARITY:
        parity, step = PARITY[p.mode]
        new = size if size % 2 == parity else size + step
    elif p.mode == "odd_scale":
        if scale is None:
            raise ShapeError("mode odd_scale needs scale_height and scale_width")
        new = int((size - 1) * scale) + 1 if size % 2 else int(size * scale)
    else:
        new = given if scale is None else int(size * scale)
    if new < 1:
        raise ShapeError(f"nothing would be left of {size} rows or columns of 'data'")
    return new


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Batch and channels are the same on both sides."""
    shape, dtype = image_shape(ins), dtype_of(ins[0], outs[0])
    if p.mode == "like":
        like = need_rank(ins[1], (4,), "like", IMAGE) or (None,) * 4
        return [PartialType(shape, dtype), ins[1]], [PartialType((*shape[:2], *like[2:]), dtype)]
    pairs = ((shape[2], p.scale_height, p.height), (shape[3], p.scale_width, p.width))
    sizes = tuple(None if s is None else new_size(p, s, scale, given) for s, scale, given in pairs)
    return [PartialType(shape, dtype)], [PartialType((*shape[:2], *sizes), dtype)]


def weights(xp: Any, out: int, size: int, align_corners: bool, dtype: Any) -> Any:
    """(out, size): each row the weights of one row or column of the output."""
    at = xp.arange(out, dtype=xp.float64)
    if align_corners:
        at = at * ((size - 1) / (out - 1) if out > 1 else 0)
    else:
        at = (at + 0.5) * (size / out) - 0.5
    return between(xp, xp.clip(at, 0, size - 1), size, dtype)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x, y, align = ins[0], outs[0], node.params.align_corners
    rows, columns = (weights(xp, o, s, align, x.dtype) for o, s in zip(y.shape[2:], x.shape[2:], strict=True))
    y[...] = resample(xp, rows, columns, x)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every pixel's gradient to what it was made of."""
    dy, dx, align = ins[0], outs[0], node.params.align_corners
    rows, columns = (weights(xp, o, s, align, dy.dtype) for o, s in zip(dy.shape[2:], dx.shape[2:], strict=True))
    dx[...] = resample_backward(xp, rows, columns, dy)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; what was only measured has none."""
    p: Params = node.params
    none = [None] * len(node.inputs)
    if dys[0] is None:
        return none
    shape = node.inputs[0].type.shape
    return [apply(BACKWARD, f"{node.name}_backward", dys[0], shape=shape, align_corners=p.align_corners), *none[1:]]


BACKWARD = Op(
    "bilinear_resize_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward, inputs=("dy",)
)
OP = Op(
    "bilinear_resize", infer, {"reference": reference(run)}, params=Params, inputs=input_names,
    mxnet=("_contrib_BilinearResize2D",), gradient=gradient,
)  # fmt: skip
