"""adaptive_avg_pooling: means of windows that divide the image into as many rows and columns as are asked for.

Shapes:
    data (N, C, H, W) -> output (N, C, O, P), (O, P) = output_size

Row o is the mean of the rows floor(o H / O) to ceil((o + 1) H / O) - 1; columns likewise.

Source: MXNet's AdaptiveAvgPooling2D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._resampling import image_shape, resample, resample_backward

Sizes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=2)]


@declare
class Params:
    """Parameters of adaptive_avg_pooling."""

    output_size: Sizes = param((), doc="rows and columns; one number stands for both; empty: 1")


@dataclass(frozen=True)
class Backward:
    """The shape of the data."""

    shape: Shape


def sizes(p: Params) -> tuple[int, int]:
    """(rows, columns) of the output."""
    size = p.output_size or (1,)
    return size[0], size[-1]


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Batch and channels are the same on both sides."""
    shape, dtype = image_shape(ins), dtype_of(ins[0], outs[0])
    return [PartialType(shape, dtype)], [PartialType((*shape[:2], *sizes(p)), dtype)]


def means(xp: Any, out: int, size: int, dtype: Any) -> Any:
    """(out, size): each row the weights of one window."""
    o, s = xp.arange(out)[:, None], xp.arange(size)
    inside = (s >= o * size // out) & (s < -(-(o + 1) * size // out))
    return (inside / inside.sum(axis=1, keepdims=True)).astype(dtype)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    rows, columns = (means(xp, o, s, ins[0].dtype) for o, s in zip(outs[0].shape[2:], ins[0].shape[2:], strict=True))
    outs[0][...] = resample(xp, rows, columns, ins[0])


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every window's gradient spread over it."""
    rows, columns = (means(xp, o, s, ins[0].dtype) for o, s in zip(ins[0].shape[2:], outs[0].shape[2:], strict=True))
    outs[0][...] = resample_backward(xp, rows, columns, ins[0])


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data."""
    if dys[0] is None:
        return [None]
    return [apply(BACKWARD, f"{node.name}_backward", dys[0], shape=node.inputs[0].type.shape)]


BACKWARD = Op(
    "adaptive_avg_pooling_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=("dy",),
)  # fmt: skip
OP = Op(
    "adaptive_avg_pooling", infer, {"reference": reference(run)}, params=Params,
    mxnet=("_contrib_AdaptiveAvgPooling2D",), gradient=gradient,
)  # fmt: skip
