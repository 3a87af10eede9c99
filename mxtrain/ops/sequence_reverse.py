"""sequence_reverse: the steps of each sequence in opposite order; what lies behind its end stays.

Shapes:
    data (T, N, A...)[, sequence_length (N,)] -> output, same shape

Source: MXNet's SequenceReverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, same_type
from mxtrain.ops._sequence import input_names, lengths_type, with_samples


@declare
class Params:
    """Parameters of sequence_reverse."""

    use_sequence_length: bool = param(False, doc="`sequence_length` is given; else all steps count")
    axis: int = param(0, ge=0, le=0, doc="the axis of the steps; always 0, as in MXNet")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """One type; a length for each sample."""
    (one, *_), out = same_type(p, [with_samples(p, ins)], outs)
    return [one, *lengths_type(p, [one, *ins[1:]])], out


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x = ins[0]
    if not node.params.use_sequence_length:
        outs[0][...] = x[::-1]
        return
    steps, samples = x.shape[:2]
    lengths = xp.clip(ins[1].astype(xp.int64), 0, steps)[None, :]
    t = xp.arange(steps)[:, None]
    places = xp.where(t < lengths, lengths - 1 - t, t) * samples + xp.arange(samples)[None, :]
    outs[0][...] = xp.take(x.reshape(steps * samples, -1), places.reshape(-1), axis=0).reshape(x.shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Turned back; lengths have none."""
    rest = [None] * (len(node.inputs) - 1)
    back = dy[0] and apply_node(OP, f"{node.name}_backward", (dy[0], *node.inputs[1:]), node.params)[0]
    return [back, *rest]


OP = Op(
    "sequence_reverse", infer, array_code(run), params=Params, inputs=input_names, mxnet=("SequenceReverse",),
    gradient=gradient, precision="follow", wide=("sequence_length",),
)  # fmt: skip
