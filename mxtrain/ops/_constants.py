"""Tensors that come from nothing: filled with one number, or counted up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types

Sizes = tuple[Annotated[int, Field(ge=0)], ...]
DType = Literal["float32", "float64", "float16", "uint8", "int32", "int8", "int64"]


@declare
class Filled:
    """Parameters of an operator that fills a tensor."""

    shape: Sizes = param((), doc="sizes; 0: as its reader needs")
    dtype: DType = param("float32", doc="type of the elements")


def infer_filled(p: Filled, ins: Types, outs: Types) -> Inferred:
    """What is given, and where that is 0, what the reader needs. MXNet writes an unknown shape as ()."""
    given = tuple(n or None for n in p.shape) or None
    return [], [PartialType(merge_shapes(given, outs[0].shape), p.dtype)]


def nothing(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """There is no input."""
    return []


def filled(name: str, value: Callable[[Any], float], params: type = Filled, mxnet: tuple[str, ...] = ()) -> Op:
    """The operator whose elements all are ``value(params)``."""

    def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        outs[0][...] = value(node.params)

    return Op(
        name, infer_filled, {"reference": reference(run)}, params=params, inputs=(), mxnet=mxnet, gradient=nothing
    )
