"""nansum: the sum over axes of what is a number.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's nansum.
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
    numbers = xp.where(xp.isnan(x), x.dtype.type(0), x)
    outs[0][...] = numbers.sum(axis=reduced(node.params, x.ndim), keepdims=True).reshape(outs[0].shape)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dy to every number."""
    p: Spread = node.params
    dy, data = ins
    outs[0][...] = xp.where(xp.isnan(data), dy.dtype.type(0), dy.reshape(kept(p.shape, p.axes)))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """dy to every number."""
    p = place_of(node)
    return [dy[0] and apply(BACKWARD, f"{node.name}_backward", dy[0], node.inputs[0], axes=p.axes, shape=p.shape)]


BACKWARD = Op("nansum_backward", infer_spread, array_code(run_backward), params=Spread, inputs=("dy", "data"))
OP = Op("nansum", infer, array_code(run), params=Params, mxnet=("nansum",), gradient=gradient)
