"""spatial_transformer: an image turned, shifted, scaled and sheared as another part of the net says.

Shapes:
    data (N, C, H, W), loc (N, 6): rows of a matrix (2, 3) -> output (N, C, O, P), (O, P) = target_shape

The matrix takes places of the output to places of the data; both are x and y, -1 to 1 from the first pixel to the last.
Between pixels the data is interpolated, outside it is 0, as on MXNet's GPUs; on the CPU MXNet goes on beyond the edge
with what lies in memory.

Source: MXNet's SpatialTransformer; Jaderberg et al., "Spatial transformer networks", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._paired import infer_backward, towards_both
from mxtrain.ops._resampling import image_shape
from mxtrain.ops._sampling import affine_grid, affine_grid_backward, sample_grid, sample_grid_backward

Size = Annotated[int, Field(ge=0)]


@declare
class Params:
    """Parameters of spatial_transformer."""

    target_shape: tuple[Size, Size] = param((0, 0), doc="(height, width) of the output, at least 2 each")
    transform_type: Literal["affine"] = param(doc="a matrix")
    sampler_type: Literal["bilinear"] = param(doc="interpolation between four pixels")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Batch and channels are common.

    Raises:
        ShapeError: if the output has less than two places along an axis.
    """
    if min(p.target_shape) < 2:
        raise ShapeError(f"target_shape must be at least (2, 2), got {p.target_shape}")
    dtype, shape = dtype_of(*ins, *outs), image_shape(ins)
    loc = need_rank(ins[1], (2,), "loc", "(N, 6)") or (None, 6)
    n = loc[0] if shape[0] is None else shape[0]
    want = [PartialType((n, *shape[1:]), dtype), PartialType((n, 6), dtype)]
    return want, [PartialType((n, shape[1], *p.target_shape), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = sample_grid(xp, ins[0], affine_grid(xp, ins[1], *outs[0].shape[2:]))


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward: the grid is made again."""
    dy, data, loc = ins
    outs[0][...], dgrid = sample_grid_backward(xp, dy, data, affine_grid(xp, loc, *dy.shape[2:]))
    outs[1][...] = affine_grid_backward(xp, dgrid)


BACKWARD = Op(
    "spatial_transformer_backward", infer_backward, {"reference": reference(run_backward)}, params=Params,
    inputs=("dy", "data", "loc"), outputs=("ddata", "dloc"),
)  # fmt: skip
OP = Op(
    "spatial_transformer", infer, {"reference": reference(run)}, params=Params, inputs=("data", "loc"),
    mxnet=("SpatialTransformer",), gradient=towards_both(BACKWARD),
)  # fmt: skip
