"""ctc_loss: how improbable labels are, given scores for each step, over all ways to lay them along the steps.

Shapes:
    data (T, N, K), label (N, L)[, data_lengths (N,)][, label_lengths (N,)] -> output (N,)

Between labels, and before and after them, any number of steps may be blank; a label may last for several steps. The
blank is class 0, and then labels are 1 to K - 1 and a 0 ends them (first); or class K - 1, labels are 0 to K - 2, and a
-1 ends them (last). A sequence that does not fit into its steps costs 0 and has no gradient, as in MXNet.

Source: MXNet's CTCLoss; Graves et al., "Connectionist temporal classification", 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import reference
from mxtrain.ops._ctc import Problem, forward, gradients
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank, statistics_dtype


@declare
class Params:
    """Parameters of ctc_loss."""

    use_data_lengths: bool = param(False, doc="`data_lengths` says how many steps of each sample count; else all")
    use_label_lengths: bool = param(False, doc="`label_lengths` says how many labels there are; else padding ends them")
    blank_label: Literal["first", "last"] = param("first", doc="which class is the blank")


def input_names(p: Params) -> tuple[str, ...]:
    """Data, labels, and the lengths that are used."""
    steps, labels = p.use_data_lengths, p.use_label_lengths
    return ("data", "label", *(("data_lengths",) if steps else ()), *(("label_lengths",) if labels else ()))


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The number of samples is common."""
    dtype = dtype_of(ins[0], outs[0])
    data = need_rank(ins[0], (3,), "data", "(T, N, K)") or (None,) * 3
    label = need_rank(ins[1], (2,), "label", "(N, L)") or (None,) * 2
    n = next((d for d in (data[1], label[0]) if d is not None), None)
    kinds = [t.dtype or statistics_dtype(dtype) for t in ins[1:]]
    want = [PartialType((data[0], n, data[2]), dtype), PartialType((n, label[1]), kinds[0])]
    return [*want, *(PartialType((n,), kind) for kind in kinds[1:])], [PartialType((n,), dtype)]


def problem(p: Params, xp: Any, ins: Sequence[Any]) -> Problem:
    """What the inputs say."""
    data, label, *rest = ins
    steps, samples, classes = data.shape
    durations = rest.pop(0) if p.use_data_lengths else xp.full(samples, steps)
    if p.use_label_lengths:
        lengths = rest.pop(0).astype(xp.int64)
    else:
        padding = label == 0 if p.blank_label == "first" else label < 0
        # A running sum of the ends: labels count up to the first.
        lengths = (xp.cumsum(padding.astype(xp.int64), axis=1) == 0).sum(axis=1)
    blank = 0 if p.blank_label == "first" else classes - 1
    return Problem(data, label.astype(xp.int64), durations.astype(xp.int64), lengths, blank)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = forward(xp, problem(node.params, xp, ins))


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward: everything is computed again."""
    dy, *rest = ins
    outs[0][...] = dy[None, :, None] * gradients(xp, problem(node.params, xp, rest))


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return list(ins), [ins[1]]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; labels and lengths have none."""
    rest = [None] * (len(node.inputs) - 1)
    back = dys[0] and apply_node(BACKWARD, f"{node.name}_backward", (dys[0], *node.inputs), node.params)[0]
    return [back, *rest]


BACKWARD = Op(
    "ctc_loss_backward", infer_backward, {"reference": reference(run_backward)}, params=Params,
    inputs=lambda p: ("dy", *input_names(p)),
)  # fmt: skip
OP = Op(
    "ctc_loss", infer, {"reference": reference(run)}, params=Params, inputs=input_names,
    mxnet=("CTCLoss", "ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss"), gradient=gradient,
)  # fmt: skip
