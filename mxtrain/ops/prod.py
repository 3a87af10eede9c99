"""prod: the product over axes.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's prod, but for the gradient where elements are 0, which MXNet makes NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._reduce import Spread, infer_spread, kept, place_of, reduction


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dy times the product of the other elements, from products of those before and those after: none is divided by."""
    p: Spread = node.params
    dy, data = ins
    stay = [a for a in range(data.ndim) if a not in p.axes]
    order = (*stay, *p.axes)
    moved = data.transpose(order)
    flat = moved.reshape(*moved.shape[: len(stay)], -1)
    ones = xp.ones((*flat.shape[:-1], 1), flat.dtype)
    before = xp.cumprod(xp.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    after = xp.cumprod(xp.concatenate([ones, flat[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    outs[0].transpose(order)[...] = (before * after).reshape(moved.shape)
    outs[0][...] *= dy.reshape(kept(p.shape, p.axes))


def gradient(node: Node, dy: Entry) -> Entry:
    """dy times the product of the other elements."""
    p = place_of(node)
    return apply(BACKWARD, f"{node.name}_backward", dy, node.inputs[0], axes=p.axes, shape=p.shape)


BACKWARD = Op(
    "prod_backward", infer_spread, array_code(run_backward), params=Spread, inputs=("dy", "data"),
)  # fmt: skip
OP = reduction("prod", gradient, mxnet=("prod",))
