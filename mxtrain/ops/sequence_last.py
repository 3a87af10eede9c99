"""sequence_last: the last step of each sequence. A length of 0 counts as 1.

Shapes:
    data (T, N, A...)[, sequence_length (N,)] -> output (N, A...); axis 1: data (N, T, A...)

Source: MXNet's SequenceLast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._sequence import Params, input_names, lengths_type, over, steps_first, with_samples


@dataclass(frozen=True)
class Backward:
    """The forward's parameters, and how many steps there are."""

    forward: Params
    steps: int


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The axis of the steps goes.

    Raises:
        ShapeError: if there are no steps.
    """
    data, out, dtype = with_samples(p, ins).shape, outs[0].shape, dtype_of(ins[0], outs[0])
    if data is None and out:
        data = (*out[: p.axis], None, *out[p.axis :])
    one = PartialType(data, dtype)
    lengths = lengths_type(p, [one, *ins[1:]])
    if data is not None and data[p.axis] == 0:
        raise ShapeError(f"sequences without steps have no last one, got 'data' {one}")
    made = None if data is None else (*data[: p.axis], *data[p.axis + 1 :])
    return [one, *lengths], [PartialType(made, dtype)]


def last(xp: Any, lengths: Any, steps: int) -> Any:
    """Which step is the last (N,)."""
    return xp.clip(lengths.astype(xp.int64) - 1, 0, steps - 1)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x = steps_first(ins[0], node.params.axis)
    if not node.params.use_sequence_length:
        outs[0][...] = x[x.shape[0] - 1]
        return
    steps, samples = x.shape[:2]
    places = last(xp, ins[1], steps) * samples + xp.arange(samples)
    outs[0][...] = xp.take(x.reshape(steps * samples, -1), places, axis=0).reshape(outs[0].shape)


def back_inputs(b: Backward) -> tuple[str, ...]:
    """dy, and the lengths if they are used."""
    return ("dy", *input_names(b.forward)[1:])


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """As many steps as there were."""
    shape, axis = ins[0].shape, b.forward.axis
    made = None if shape is None else (*shape[:axis], b.steps, *shape[axis:])
    return list(ins), [PartialType(made, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dy at the last step, else 0."""
    b: Backward = node.params
    dx, dy = steps_first(outs[0], b.forward.axis), ins[0]
    if not b.forward.use_sequence_length:
        dx[...] = 0
        dx[b.steps - 1] = dy
        return
    here = xp.arange(b.steps)[:, None] == last(xp, ins[1], b.steps)[None, :]
    dx[...] = xp.where(over(here, dx.ndim), dy[None], dy.dtype.type(0))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """To the last step; lengths have none."""
    rest = [None] * (len(node.inputs) - 1)
    if dy[0] is None:
        return [None, *rest]
    steps = node.inputs[0].type.shape[node.params.axis]
    name = f"{node.name}_backward"
    return [apply(BACKWARD, name, dy[0], *node.inputs[1:], forward=node.params, steps=steps), *rest]


BACKWARD = Op(
    "sequence_last_backward", infer_backward, array_code(run_backward), params=Backward, inputs=back_inputs,
    precision="follow", wide=("sequence_length",),
)  # fmt: skip
OP = Op(
    "sequence_last", infer, array_code(run), params=Params, inputs=input_names, mxnet=("SequenceLast",),
    gradient=gradient, precision="follow", wide=("sequence_length",),
)  # fmt: skip
