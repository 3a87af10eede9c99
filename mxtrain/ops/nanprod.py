"""nanprod: the product over axes of what is a number.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's nanprod, its gradient too: output / element, which is no number where an element is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._reduce import Params, Spread, infer, infer_spread, kept, place_of, reduced


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x = ins[0]
    numbers = xp.where(xp.isnan(x), x.dtype.type(1), x)
    outs[0][...] = numbers.prod(axis=reduced(node.params, x.ndim), keepdims=True).reshape(outs[0].shape)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * output / data; 0 for what is no number."""
    p: Spread = node.params
    dy, data, out = ins
    small = kept(p.shape, p.axes)
    outs[0][...] = xp.where(xp.isnan(data), dy.dtype.type(0), dy.reshape(small) * out.reshape(small) / data)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """dy times the product of the others."""
    p, name = place_of(node), f"{node.name}_backward"
    return [dy[0] and apply(BACKWARD, name, dy[0], node.inputs[0], node[0], axes=p.axes, shape=p.shape)]


BACKWARD = Op(
    "nanprod_backward", infer_spread, array_code(run_backward), params=Spread, inputs=("dy", "data", "output")
)
OP = Op("nanprod", infer, array_code(run), params=Params, mxnet=("nanprod",), gradient=gradient)
