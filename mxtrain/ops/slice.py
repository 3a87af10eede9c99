"""slice: a regular piece of a tensor, as Python's ``[begin:end:step, ...]``.

Shapes:
    data (S) -> output (ceil((end - begin) / step), ..., rest of S)

Source: MXNet's slice (crop).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._move import Span, moving_code, placed, span, window


@declare
class Params:
    """Parameters of slice."""

    begin: tuple[int | None, ...] = param(
        doc="first index of each of the first axes; None: from the start", min_length=1
    )
    end: tuple[int | None, ...] = param(doc="index after the last; None: to the end", min_length=1)
    step: tuple[int | None, ...] = param((), doc="distance of the elements; negative: backwards; None or empty: 1")


def ranges(p: Params) -> list[tuple[int | None, int | None, int | None]]:
    """(begin, end, step) of each axis that is cut.

    Raises:
        ShapeError: if they are not equally many, or a step is 0.
    """
    if len(p.begin) != len(p.end) or len(p.step) not in (0, len(p.begin)):
        raise ShapeError(
            f"begin {p.begin}, end {p.end} and step {p.step} must have one value per axis each; step may be empty"
        )
    if 0 in p.step:
        raise ShapeError(f"step {p.step} must not hold 0")
    return list(zip(p.begin, p.end, p.step or (None,) * len(p.begin), strict=True))


def spans(p: Params, shape: Shape) -> tuple[Span, ...]:
    """What is cut out of each axis."""
    cuts = ranges(p)
    return (*(span(n, *c) for n, c in zip(shape, cuts, strict=False)), *((0, n, 1) for n in shape[len(cuts) :]))


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; axes that are not cut in both directions."""
    cuts, dtype = ranges(p), dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is None:
        if out is not None:
            data = ((None,) * len(cuts) + tuple(out[len(cuts) :]))[: len(out)]
        return [PartialType(data, dtype)], [PartialType(out, dtype)]
    if len(cuts) > len(data):
        raise ShapeError(f"begin {p.begin} has more values than 'data' {ins[0]} has axes")
    if out is not None and len(out) == len(data):
        rest = zip(data[len(cuts) :], out[len(cuts) :], strict=True)
        data = (*data[: len(cuts)], *(o if d is None else d for d, o in rest))
    cut = [None if n is None else span(n, *c)[1] for n, c in zip(data, cuts, strict=False)]
    return [PartialType(data, dtype)], [PartialType((*cut, *data[len(cuts) :]), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = window(ins[0], spans(node.params, ins[0].shape))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Zeros around the piece."""
    shape = node.inputs[0].type.shape
    return [dy[0] and placed(f"{node.name}_backward", dy[0], spans(node.params, shape), shape)]


OP = Op(
    "slice", infer, {**moving_code(run)}, params=Params, mxnet=("slice", "crop"), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
