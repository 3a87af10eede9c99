"""expand_dims: a new axis of 1.

Shapes:
    data (S) -> output (S with a 1 at `axis`)

Source: MXNet's expand_dims.
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
    """Parameters of expand_dims."""

    axis: int = param(doc="where the new axis stands in the output; negative: counted from its end")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Either side from the other."""
    dtype = dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is not None:
        axis = normal_axis(p.axis, len(data) + 1)
        out = (*data[:axis], 1, *data[axis:])
    elif out is not None:
        axis = normal_axis(p.axis, len(out))
        if out[axis] not in (1, None):
            raise ShapeError(f"axis {p.axis} of the output must be 1, got {outs[0]}")
        data = (*out[:axis], *out[axis + 1 :])
    return [PartialType(data, dtype)], [PartialType(out, dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Without the new axis."""
    return [dy[0] and reshaped(f"{node.name}_backward", dy[0], node.inputs[0].type.shape)]


OP = Op(
    "expand_dims", infer, {"reference": view()}, params=Params, mxnet=("expand_dims",), gradient=gradient,
    precision="follow",
)  # fmt: skip
