"""softmax_cross_entropy: the cross-entropy of a softmax with class labels, summed over the batch.

Shapes:
    data (N, K), label (N,) -> output (1,)

A probability below 1e-8 counts as 1e-8 in the value; the gradient, (softmax - onehot(label)) dy, knows no such floor.

Source: MXNet's softmax_cross_entropy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank, statistics_dtype
from mxtrain.ops._softmax import Softmax, forward

FLOOR = 1e-8


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """The label from the data, and its length from the label."""
    dtype = dtype_of(ins[0], outs[0])
    shape = need_rank(ins[0], (2,), "data", "(N, K)") or (None, None)
    label = need_rank(ins[1], (1,), "label", "(N,)") or (None,)
    n = shape[0] if shape[0] is not None else label[0]
    kind = ins[1].dtype or statistics_dtype(dtype)
    return [PartialType((n, shape[1]), dtype), PartialType((n,), kind)], [PartialType((1,), dtype)]


def chosen(xp: Any, label: Any, classes: int) -> Any:
    """(N, K) true where the class is the label's."""
    return xp.clip(label, 0, classes - 1).astype(xp.int64)[:, None] == xp.arange(classes)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x, label = ins
    p = xp.empty_like(x)
    forward(Softmax((1,)), xp, x, p)
    outs[0][...] = -xp.log(xp.maximum((p * chosen(xp, label, x.shape[1])).sum(axis=1), FLOOR)).sum()


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward: the softmax is computed again."""
    dy, x, label = ins
    p = xp.empty_like(x)
    forward(Softmax((1,)), xp, x, p)
    outs[0][...] = (p - chosen(xp, label, x.shape[1])) * dy


def infer_backward(params: Any, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return list(ins), [ins[1]]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; the label has none."""
    if dys[0] is None:
        return [None, None]
    return [apply(BACKWARD, f"{node.name}_backward", dys[0], *node.inputs), None]


BACKWARD = Op(
    "softmax_cross_entropy_backward", infer_backward, array_code(run_backward),
    inputs=("dy", "data", "label"),
)  # fmt: skip
OP = Op(
    "softmax_cross_entropy", infer, array_code(run), inputs=("data", "label"),
    mxnet=("softmax_cross_entropy",), gradient=gradient,
)  # fmt: skip
