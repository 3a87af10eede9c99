"""grid_generator: the places at which an image is to be read, x and y, -1 to 1 from the first pixel to the last.

Shapes:
    affine: data (N, 6), rows of a matrix (2, 3) -> output (N, 2, H, W), (H, W) = target_shape
    warp: data (N, 2, H, W), by how many pixels each place moves right and down -> output (N, 2, H, W)

Source: MXNet's GridGenerator; Jaderberg et al., "Spatial transformer networks", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._sampling import affine_grid, affine_grid_backward

Size = Annotated[int, Field(ge=0)]


@declare
class Params:
    """Parameters of grid_generator."""

    transform_type: Literal["affine", "warp"] = param(doc="a matrix, or how every place moves")
    target_shape: tuple[Size, Size] = param((0, 0), doc="(height, width) of an affine grid, at least 2 each")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The batch is common.

    Raises:
        ShapeError: if an affine grid has less than two places along an axis.
    """
    dtype = dtype_of(*ins, *outs)
    if p.transform_type == "warp":
        shape = need_rank(ins[0], (4,), "data", "(N, 2, H, W)") or outs[0].shape or (None, None, None, None)
        flow = PartialType((shape[0], 2, *shape[2:]), dtype)
        return [flow], [flow]
    if min(p.target_shape) < 2:
        raise ShapeError(f"target_shape must be at least (2, 2) for an affine grid, got {p.target_shape}")
    n = (need_rank(ins[0], (2,), "data", "(N, 6)") or outs[0].shape or (None,))[0]
    return [PartialType((n, 6), dtype)], [PartialType((n, 2, *p.target_shape), dtype)]


def halves(xp: Any, shape: Sequence[int], dtype: Any) -> Any:
    """(2, 1, 1): pixels from the middle of an image to its edge, right and down; half a pixel if there is one alone."""
    return xp.asarray([max(shape[3] - 1, 1) / 2, max(shape[2] - 1, 1) / 2], dtype=dtype).reshape(2, 1, 1)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    data, y = ins[0], outs[0]
    if node.params.transform_type == "affine":
        y[...] = affine_grid(xp, data, *y.shape[2:])
        return
    rows, columns = (xp.arange(s, dtype=data.dtype) for s in data.shape[2:])
    half = halves(xp, data.shape, data.dtype)
    y[:, 0] = (data[:, 0] + columns) / half[0] - 1
    y[:, 1] = (data[:, 1] + rows[:, None]) / half[1] - 1


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    shape = ins[0].shape
    back = shape if p.transform_type == "warp" or shape is None else (shape[0], 6)
    return list(ins), [PartialType(back, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward."""
    if node.params.transform_type == "affine":
        outs[0][...] = affine_grid_backward(xp, ins[0])
    else:
        outs[0][...] = ins[0] / halves(xp, ins[0].shape, ins[0].dtype)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data."""
    return [None if dys[0] is None else apply_node(BACKWARD, f"{node.name}_backward", (dys[0],), node.params)[0]]


BACKWARD = Op(
    "grid_generator_backward", infer_backward, {"reference": reference(run_backward)}, params=Params, inputs=("dy",)
)
OP = Op(
    "grid_generator", infer, {"reference": reference(run)}, params=Params, mxnet=("GridGenerator",), gradient=gradient
)
