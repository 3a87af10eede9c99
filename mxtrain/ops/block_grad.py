"""block_grad: the data itself, without a gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's BlockGrad.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import view
from mxtrain.ops._infer import same_type


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """None."""
    return [None]


OP = Op(
    "block_grad", same_type, {"reference": view()}, mxnet=("BlockGrad", "stop_gradient"), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
