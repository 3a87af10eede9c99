"""image_normalize: every channel less its mean, divided by its deviation.

Shapes:
    data ([N,] C, H, W), C 1 or 3 -> output, same as data

Source: MXNet's image.normalize.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, need_rank, same_type

Channels = Annotated[tuple[float, ...], Field(min_length=1, max_length=4)]


@declare
class Params:
    """Parameters of image_normalize."""

    mean: Channels = param((0.0, 0.0, 0.0, 0.0), doc="of each channel, or one for all; those too many do not count")
    std: Channels = param((1.0, 1.0, 1.0, 1.0), doc="of each channel, or one for all; those too many do not count")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type."""
    shape = need_rank(ins[0], (3, 4), "data", "([N,] C, H, W)")
    if shape is not None and shape[-3] is not None:
        if shape[-3] not in (1, 3):
            raise ShapeError(f"input 'data' must have 1 or 3 channels, got {ins[0]}")
        for name, values in (("mean", p.mean), ("std", p.std)):
            if 1 < len(values) < shape[-3]:
                raise ShapeError(f"{name} {values} must have one value, or one for each of {shape[-3]} channels")
    if 0 in p.std:
        raise ShapeError(f"std {p.std} must not hold 0")
    return same_type(p, ins, outs)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, channel by channel."""
    p: Params = node.params
    for c in range(ins[0].shape[-3]):
        outs[0][..., c, :, :] = (ins[0][..., c, :, :] - own(p.mean, c)) / own(p.std, c)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, channel by channel."""
    for c in range(ins[0].shape[-3]):
        outs[0][..., c, :, :] = ins[0][..., c, :, :] / own(node.params.std, c)


def own(values: Sequence[float], channel: int) -> float:
    """The value of a channel."""
    return values[channel] if len(values) > 1 else values[0]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data."""
    return [None if dys[0] is None else apply_node(BACKWARD, f"{node.name}_backward", (dys[0],), node.params)[0]]


BACKWARD = Op("image_normalize_backward", same_type, array_code(run_backward), params=Params, inputs=("dy",))
OP = Op(
    "image_normalize", infer, array_code(run), params=Params, mxnet=("_image_normalize",), gradient=gradient
)  # fmt: skip
