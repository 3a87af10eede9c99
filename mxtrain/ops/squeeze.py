"""squeeze: without axes of 1.

Shapes:
    data (S) -> output (S without these axes); (1,) if none is left

Source: MXNet's squeeze.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import view
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._reshaped import reshaped


@declare
class Params:
    """Parameters of squeeze."""

    axis: int | tuple[int, ...] | None = param(None, doc="axes to drop; None: all that are 1")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward only."""
    dtype = dtype_of(ins[0], outs[0])
    data = ins[0].shape
    if data is None or (p.axis is None and None in data):
        return [PartialType(data, dtype)], [PartialType(None, dtype)]
    if p.axis is None:
        dropped = {a for a, d in enumerate(data) if d == 1}
    else:
        axes = [normal_axis(a, len(data)) for a in ((p.axis,) if isinstance(p.axis, int) else p.axis)]
        dropped = set(axes)
        if len(dropped) < len(axes):
            raise ShapeError(f"axis {p.axis} names an axis twice")
        wrong = [a for a in axes if data[a] not in (1, None)]
        if wrong:
            raise ShapeError(f"axis {wrong[0]} of 'data' must be 1 to be dropped, got {ins[0]}")
    out = tuple(d for a, d in enumerate(data) if a not in dropped) or (1,)
    whole = tuple(1 if a in dropped else d for a, d in enumerate(data))
    return [PartialType(whole, dtype)], [PartialType(out, dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """With the axes that were dropped."""
    return [dy[0] and reshaped(f"{node.name}_backward", dy[0], node.inputs[0].type.shape)]


OP = Op(
    "squeeze", infer, {"reference": view()}, params=Params, mxnet=("squeeze",), gradient=gradient, precision="follow",
)  # fmt: skip
