"""norm: the sum of absolute values (ord 1), or the root of the sum of squares (ord 2), over axes.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's norm, but for the gradient where the root is 0, which MXNet makes NaN: here it is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops import _reduce
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types
from mxtrain.ops._reduce import Spread, infer_spread, kept


@declare
class Params:
    """Parameters of norm."""

    ord: int = param(2, ge=1, le=2, doc="1: absolute values; 2: squares")
    axis: int | tuple[int, ...] | None = param(None, doc="axes to reduce; None or empty: all")
    out_dtype: Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None = param(
        None, doc="dtype of the output; None: that of the data"
    )
    keepdims: bool = param(False, doc="leave the reduced axes as 1")


def reduction(p: Params) -> _reduce.Params:
    """Which axes are reduced."""
    return _reduce.Params(axis=p.axis, keepdims=p.keepdims, exclude=False)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As every reduction; the dtype may be given."""
    dtype = ins[0].dtype or (None if p.out_dtype else outs[0].dtype)
    data, out = _reduce.infer(reduction(p), [PartialType(ins[0].shape, dtype)], [PartialType(outs[0].shape)])
    return data, [PartialType(out[0].shape, p.out_dtype or data[0].dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    axes = _reduce.reduced(reduction(p), ins[0].ndim)
    x = xp.absolute(ins[0]) if p.ord == 1 else xp.square(ins[0])
    total = x.sum(axis=axes, keepdims=True).reshape(outs[0].shape)
    outs[0][...] = total if p.ord == 1 else xp.sqrt(total)


def run_signs(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * sign(data)."""
    p: Spread = node.params
    outs[0][...] = ins[0].reshape(kept(p.shape, p.axes)) * xp.sign(ins[1])


def run_parts(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * data / output; 0 where the output is."""
    p: Spread = node.params
    dy, data, out = ins
    small = kept(p.shape, p.axes)
    y = out.reshape(small)
    outs[0][...] = dy.reshape(small) * data / xp.where(y == 0, y.dtype.type(1), y)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """dy times how much each element tells of the norm."""
    p: Params = node.params
    if dy[0] is None:
        return [None]
    x = node.inputs[0]
    place = Spread(_reduce.reduced(reduction(p), len(x.type.shape)), x.type.shape)
    name = f"{node.name}_backward"
    if p.ord == 1:
        return [apply_node(SIGNS, name, (dy[0], x), place)[0]]
    return [apply_node(PARTS, name, (dy[0], x, node[0]), place)[0]]


SIGNS = Op("norm_1_backward", infer_spread, array_code(run_signs), params=Spread, inputs=("dy", "data"))
PARTS = Op("norm_2_backward", infer_spread, array_code(run_parts), params=Spread, inputs=("dy", "data", "output"))
OP = Op("norm", infer, array_code(run), params=Params, mxnet=("norm",), gradient=gradient)
