"""crop: a rectangle of every image, of a given size or of that of another input.

Shapes:
    arg0 (N, C, H, W) -> output (N, C, h, w), (h, w) = h_w
    arg0 (N, C, H, W), arg1 (M, D, h, w) -> output (N, C, h, w); arg1 is only measured

Source: MXNet's Crop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, Shape
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._move import Span, moving_code, placed, window

Size = Annotated[int, Field(ge=0)]


@declare
class Params:
    """Parameters of crop."""

    num_args: int = param(ge=1, le=2, doc="1: the size is h_w; 2: the size is that of the second input")
    offset: tuple[Size, Size] = param((0, 0), doc="first row and column, if the crop is not centred")
    h_w: tuple[Size, Size] = param((0, 0), doc="height and width, for one input")
    center_crop: bool = param(False, doc="crop from the middle")


def window_size(p: Params, ins: Types) -> PartialShape:
    """(h, w) as far as it is known."""
    if p.num_args == 2:
        like = need_rank(ins[1], (4,), "arg1", "(N, C, H, W)")
        return like[2:] if like else (None, None)
    if 0 in p.h_w:
        raise ShapeError(f"h_w must be given where there is one input, got {p.h_w}")
    return p.h_w


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Batch and channels are the same on both sides; the size is given."""
    dtype = dtype_of(ins[0], outs[0])
    data = need_rank(ins[0], (4,), "arg0", "(N, C, H, W)")
    out = outs[0].shape
    size = window_size(p, ins)
    known = out[:2] if out is not None and len(out) == 4 else (None, None)
    head = tuple(o if d is None else d for d, o in zip((data or (None, None))[:2], known, strict=True))
    if data is not None:
        for name, n, least, first in zip(("height", "width"), data[2:], size, p.offset, strict=True):
            if n is not None and least is not None and (0 if p.center_crop else first) + least > n:
                where = "" if p.center_crop else f" from {first}"
                raise ShapeError(f"the crop's {name} ({least}{where}) is more than that of 'arg0' ({n})")
    want = [PartialType((*head, *(data[2:] if data else (None, None))), dtype), *ins[1:]]
    if p.num_args == 2 and ins[1].shape is None:
        want[1] = PartialType((None, None, *(out[2:] if out is not None and len(out) == 4 else (None, None))))
    return want, [PartialType((*head, *size), dtype)]


def spans(p: Params, shape: Shape, out: Shape) -> tuple[Span, ...]:
    """What is cut out of each axis."""
    first = tuple((n - m) // 2 for n, m in zip(shape[2:], out[2:], strict=True)) if p.center_crop else p.offset
    return (0, shape[0], 1), (0, shape[1], 1), (first[0], out[2], 1), (first[1], out[3], 1)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = window(ins[0], spans(node.params, ins[0].shape, outs[0].shape))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Zeros around the rectangle; none for what was only measured."""
    shape = node.inputs[0].type.shape
    places = spans(node.params, shape, node.types[0].shape)
    first = dy[0] and placed(f"{node.name}_backward", dy[0], places, shape)
    return [first, None][: node.params.num_args]


OP = Op(
    "crop", infer, {**moving_code(run)}, params=Params, mxnet=("Crop",), gradient=gradient, variadic=True,
    inputs=lambda p: tuple(f"arg{i}" for i in range(p.num_args)), layout="follow", precision="follow",
)  # fmt: skip
