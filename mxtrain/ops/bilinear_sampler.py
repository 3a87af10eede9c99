"""bilinear_sampler: an image read at the places that a grid names.

Shapes:
    data (N, C, H, W), grid (N, 2, O, P): x and y, -1 to 1 from the first pixel to the last -> output (N, C, O, P)

Between pixels it is interpolated, outside the image it is 0.

Source: MXNet's BilinearSampler; Jaderberg et al., "Spatial transformer networks", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import NoParams
from mxtrain.base.types import PartialType
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._paired import infer_backward, towards_both
from mxtrain.ops._resampling import image_shape
from mxtrain.ops._sampling import sample_grid, sample_grid_backward


def infer(p: NoParams, ins: Types, outs: Types) -> Inferred:
    """The batch is common; places from the grid."""
    dtype, shape = dtype_of(*ins, *outs), image_shape(ins)
    grid = need_rank(ins[1], (4,), "grid", "(N, 2, O, P)") or (None, 2, None, None)
    n = grid[0] if shape[0] is None else shape[0]
    want = [PartialType((n, *shape[1:]), dtype), PartialType((n, 2, *grid[2:]), dtype)]
    return want, [PartialType((n, shape[1], *grid[2:]), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = sample_grid(xp, *ins)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward."""
    outs[0][...], outs[1][...] = sample_grid_backward(xp, *ins)


BACKWARD = Op(
    "bilinear_sampler_backward", infer_backward, {"reference": reference(run_backward)},
    inputs=("dy", "data", "grid"), outputs=("ddata", "dgrid"),
)  # fmt: skip
OP = Op(
    "bilinear_sampler", infer, {"reference": reference(run)}, inputs=("data", "grid"), mxnet=("BilinearSampler",),
    gradient=towards_both(BACKWARD),
)  # fmt: skip
