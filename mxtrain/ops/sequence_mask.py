"""sequence_mask: a value in place of all elements behind the end of each sequence.

Shapes:
    data (T, N, A...)[, sequence_length (N,)] -> output, same shape; axis 1: data (N, T, A...)

Source: MXNet's SequenceMask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, same_type
from mxtrain.ops._sequence import input_names, lengths_type, over, steps_first, with_samples


@declare
class Params:
    """Parameters of sequence_mask."""

    use_sequence_length: bool = param(False, doc="`sequence_length` is given; else nothing is masked")
    value: float = param(0.0, doc="what masked elements become")
    axis: int = param(0, ge=0, le=1, doc="the axis of the steps, 0 or 1; the other is that of the samples")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """One type; a length for each sample."""
    (one, *_), out = same_type(p, [with_samples(p, ins)], outs)
    return [one, *lengths_type(p, [one, *ins[1:]])], out


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    if not p.use_sequence_length:
        outs[0][...] = ins[0]
        return
    x = steps_first(ins[0], p.axis)
    counts = xp.arange(x.shape[0])[:, None] < ins[1].astype(xp.int64)[None, :]
    steps_first(outs[0], p.axis)[...] = xp.where(over(counts, x.ndim), x, x.dtype.type(p.value))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """dy, 0 where there was a mask; lengths have none."""
    p: Params = node.params
    rest = [None] * (len(node.inputs) - 1)
    if dy[0] is None or not p.use_sequence_length:
        return [dy[0], *rest]
    name = f"{node.name}_backward"
    return [apply(OP, name, dy[0], node.inputs[1], use_sequence_length=True, value=0.0, axis=p.axis), *rest]


OP = Op(
    "sequence_mask", infer, array_code(run), params=Params, inputs=input_names, mxnet=("SequenceMask",),
    gradient=gradient, precision="follow", wide=("sequence_length",),
)  # fmt: skip
