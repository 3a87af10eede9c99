"""dropout: zero each element with probability p and divide the others by 1 - p.

Shapes:
    data (N, D...), random_state (5,) -> output, same as data; hidden: mask, as data but 1 on `axes`; it is 1
    where an element is dropped

What is dropped depends on seed, name of the node, step, number of the sample and place in the sample, on nothing else:
not on how samples lie in batches, layouts or devices. Sample means the first axis. The front fills `random_state`
(see _random.py). Outside training it is the data itself, unless mode is always.

Source: Srivastava et al., "Dropout", 2014; semantics and defaults of MXNet's Dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, merge_shapes
from mxtrain.graph import Call, Entry, Node, Op, Recipe, apply
from mxtrain.ops import _random_cuda
from mxtrain.ops._call import array_code, reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._random import STATE, STATE_TYPE, Room, draw, room, room_bytes


@declare
class Params:
    """Parameters of dropout."""

    p: float = param(0.5, ge=0, lt=1, doc="probability that an element is dropped")
    mode: Literal["training", "always"] = param("training", doc="when to drop")
    axes: tuple[int, ...] = param((), doc="axes along which all elements share their fate")


@dataclass(frozen=True)
class Backward:
    """The probability."""

    p: float


def mask_shape(p: Params, shape: PartialShape) -> PartialShape:
    """The data's axes, 1 where elements share their fate."""
    shared = {normal_axis(a, len(shape)) for a in p.axes}
    return tuple(1 if i in shared else d for i, d in enumerate(shape))


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type; the mask is bytes."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    if shape == ():
        raise ShapeError("input 'data' must have the axes (N, D...), got a scalar")
    mask = None if shape is None else mask_shape(p, shape)
    return [PartialType(shape, dtype), STATE_TYPE], [PartialType(shape, dtype), PartialType(mask, "uint8")]


def drop(p: float, xp: Any, x: Any, mask: Any, out: Any) -> None:
    """out = x / (1 - p), and 0 where the mask says so; `out` may be `x`."""
    xp.multiply(x, 1 / (1 - p), out=out)
    xp.copyto(out, 0, where=mask.view(xp.bool_))


def forward(node: Node, xp: Any, arrays: tuple[Any, Any, Any, Any], space: Room) -> None:
    """Draw the mask and apply it."""
    x, state, out, mask = arrays
    threshold = xp.uint64(round(node.params.p * 2**32))

    def dropped(words: Any, target: Any) -> None:
        xp.less(words, threshold, out=target)

    if mask.shape[0] != x.shape[0]:
        # One fate for all samples must not depend on which of them are here.
        state = xp.concatenate([state[:3], xp.zeros(2, xp.uint32)])
    draw(xp, mask.view(xp.bool_), dropped, node.name, state, space)
    drop(node.params.p, xp, x, mask, out)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    shape = node.types[1].shape
    space = room(xp.empty(room_bytes(shape, 1), xp.uint8), shape, xp, xp.bool_)
    forward(node, xp, (*ins, *outs), space)


def kernel(node: Node, device: Device) -> Recipe | None:
    """The same with its working memory planned."""
    shape, t = node.types[1].shape, node.types[0]
    if t.dtype == "bfloat16" or node.inputs[0].type != t or t.layout.opaque:
        return reference(run)(node, device)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return forward, (node, device.xp, (*ins, *outs), room(scratch, shape, device.xp, device.xp.bool_))

    return Recipe(prepare, inplace=((0, 0),), scratch=room_bytes(shape, 1))


def gpu(node: Node, device: Device) -> Recipe | None:
    """The mask by a kernel, then the compiled reference."""

    def code(xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        drop(node.params.p, xp, ins[0], outs[1], outs[0])

    return _random_cuda.drawn(node, device, ("below", (round(node.params.p * 2**32),)), code)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The gradient goes where the data went."""
    drop(node.params.p, xp, ins[0], ins[1], outs[0])


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """As the output's gradient."""
    return list(ins), [ins[0]]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """By the same mask; the random state has none."""
    if dys[0] is None:
        return [None, None]
    return [apply(BACKWARD, f"{node.name}_backward", dys[0], node[1], p=node.params.p), None]


def at_eval(node: Node) -> Sequence[Entry]:
    """The data itself, unless it always drops."""
    return [node[0], node[1]] if node.params.mode == "always" else [node.inputs[0]]


BACKWARD = Op(
    "dropout_backward", infer_backward, array_code(run_backward, ((0, 0),)), params=Backward,
    inputs=("dy", "mask"), layout="follow", precision="follow",
)  # fmt: skip
OP = Op(
    "dropout", infer, {"reference": kernel, "cuda": gpu}, params=Params, inputs=("data", STATE),
    outputs=("output", "mask"), mxnet=("Dropout",), gradient=gradient, at_eval=at_eval, layout="follow",
    flat=(STATE,), precision="follow",
    random=True,
)  # fmt: skip
