"""Type inference that several operators share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialShape, PartialType, merge

Types = Sequence[PartialType]
Inferred = tuple[list[PartialType], list[PartialType]]


def common(types: Types) -> PartialType:
    """All that any of the types says.

    Raises:
        ShapeError: if two contradict each other.
    """
    result = UNKNOWN
    for t in types:
        result = merge(result, t)
    return result


def same_type(params: Any, ins: Types, outs: Types) -> Inferred:
    """Every input and output has one and the same type."""
    result = UNKNOWN
    for t in (*ins, *outs):
        try:
            result = merge(result, t)
        except ShapeError:
            raise ShapeError(f"inputs and outputs must have one type: {result} and {t} disagree") from None
    return [result] * len(ins), [result] * len(outs)


def dtype_of(*types: PartialType) -> str | None:
    """The first dtype known."""
    return next((t.dtype for t in types if t.dtype is not None), None)


def statistics_dtype(dtype: str | None) -> str | None:
    """The dtype of statistics and sums over data of `dtype`: at least float32."""
    return dtype if dtype in ("float64", None) else "float32"


def need_rank(t: PartialType, ranks: Sequence[int], name: str, axes: str) -> PartialShape | None:
    """The shape, if its rank is known and right.

    Raises:
        ShapeError: naming the axes that are wanted.
    """
    if t.shape is not None and len(t.shape) not in ranks:
        raise ShapeError(f"input {name!r} must have the axes {axes}, got {t}")
    return t.shape


def normal_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front.

    Raises:
        ShapeError: if there is no such axis.
    """
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is out of range for {rank} axes")
    return axis % rank


def product(dims: PartialShape) -> int | None:
    """The number of elements, or None if a dimension is unknown."""
    result = 1
    for d in dims:
        if d is None:
            return None
        result *= d
    return result
