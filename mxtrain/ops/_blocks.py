"""Blocks of pixels that become channels and back: what depth_to_space and space_to_depth share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank

AXES = "(N, C, H, W)"


@declare
class Params:
    """Parameters of depth_to_space and space_to_depth."""

    block_size: int = param(ge=1, doc="height and width of a block of pixels")


def spread(a: Any, block: int) -> Any:
    """(N, C, H, W) as (N, C/b^2, H, b, W, b), b being `block`: pixels where channels were."""
    n, c, h, w = a.shape
    return a.reshape(n, block, block, c // block**2, h, w).transpose(0, 3, 4, 1, 5, 2)


def gathered(a: Any, block: int) -> Any:
    """(N, C, H, W) as (N, b, b, C, H/b, W/b): channels where pixels were."""
    n, c, h, w = a.shape
    return a.reshape(n, c, h // block, block, w // block, block).transpose(0, 3, 5, 1, 2, 4)


def mover(name: str, mxnet: str, deep: bool) -> Op:
    """An operator that moves blocks.

    Args:
        deep: pixels become channels; the other way is the gradient.
    """
    move = gathered if deep else spread

    def shrunk(shape: Sequence[int | None], b: int, name: str) -> tuple[int | None, ...]:
        """The shape with deep channels, from the one with many pixels."""
        n, c, h, w = shape
        for what, size in (("height", h), ("width", w)):
            if size is not None and size % b:
                raise ShapeError(f"the {what} of {name!r} ({size}) must be a multiple of block_size {b}")
        return n, c and c * b * b, h and h // b, w and w // b

    def grown(shape: Sequence[int | None], b: int, name: str) -> tuple[int | None, ...]:
        """The shape with many pixels, from the one with deep channels."""
        n, c, h, w = shape
        if c is not None and c % (b * b):
            raise ShapeError(f"{c} channels of {name!r} must be a multiple of block_size^2 ({b * b})")
        return n, c and c // (b * b), h and h * b, w and w * b

    def infer(p: Params, ins: Types, outs: Types) -> Inferred:
        """Either side from the other."""
        dtype, b = dtype_of(ins[0], outs[0]), p.block_size
        data, out = need_rank(ins[0], (4,), "data", AXES), need_rank(outs[0], (4,), "output", AXES)
        there, back = (shrunk, grown) if deep else (grown, shrunk)
        if data is not None:
            out = there(data, b, "data")
        elif out is not None:
            data = back(out, b, "output")
        return [PartialType(data, dtype)], [PartialType(out, dtype)]

    def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        """Reference forward."""
        outs[0][...] = move(ins[0], node.params.block_size).reshape(outs[0].shape)

    def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
        """The other way."""
        return [dys[0] and apply_node(OTHER[name], f"{node.name}_backward", (dys[0],), node.params)[0]]

    return Op(name, infer, array_code(run), params=Params, mxnet=(mxnet,), gradient=gradient, precision="follow")


DEPTH_TO_SPACE = mover("depth_to_space", "depth_to_space", False)
SPACE_TO_DEPTH = mover("space_to_depth", "space_to_depth", True)
OTHER = {"depth_to_space": SPACE_TO_DEPTH, "space_to_depth": DEPTH_TO_SPACE}
