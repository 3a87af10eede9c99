"""Sequences of several lengths in one tensor: what the operators over them share.

Steps stand on one axis, samples on another; `sequence_length` (N,) says how many steps of each sample count.
"""

from __future__ import annotations

from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.ops._infer import Types, statistics_dtype

LENGTHS = "sequence_length"


@declare
class Params:
    """Parameters of an operator over sequences."""

    use_sequence_length: bool = param(False, doc="`sequence_length` is given; else all steps count")
    axis: int = param(0, ge=0, le=1, doc="the axis of the steps, 0 or 1; the other is that of the samples")


def input_names(p: Any) -> tuple[str, ...]:
    """The data, and the lengths if they are used."""
    return ("data", LENGTHS) if p.use_sequence_length else ("data",)


def lengths_type(p: Any, ins: Types) -> list[PartialType]:
    """The type of the lengths, as far as that of the data is known; none if they are not used.

    Raises:
        ShapeError: if the data has not the two axes.
    """
    data = ins[0].shape
    if data is not None and len(data) < 2:
        raise ShapeError(f"input 'data' must have the axes (T, N, ...), got {ins[0]}")
    if not p.use_sequence_length:
        return []
    samples = None if data is None else data[1 - p.axis]
    return [PartialType((samples,), ins[1].dtype or statistics_dtype(ins[0].dtype))]


def with_samples(p: Any, ins: Types) -> PartialType:
    """What is known of the data, its number of samples from the lengths too."""
    data, lengths = ins[0].shape, ins[1].shape if p.use_sequence_length else None
    if data is None or not lengths or len(data) < 2 or data[1 - p.axis] is not None:
        return ins[0]
    return PartialType((*data[: 1 - p.axis], lengths[0], *data[2 - p.axis :]), ins[0].dtype)


def steps_first(x: Any, axis: int) -> Any:
    """The array with its steps on axis 0 and its samples on axis 1."""
    return x if axis == 0 else x.transpose(1, 0, *range(2, x.ndim))


def over(x: Any, rank: int) -> Any:
    """A (T, N) or (N,) array with axes of 1 behind, for one of `rank` axes."""
    return x.reshape(*x.shape, *(1,) * (rank - x.ndim))
