"""box_decode: boxes (left, top, right, bottom) from what was predicted at anchors.

Shapes:
    data (N, A, 4), anchors (1, A, 4) -> output (N, A, 4)

The inverse of box_encode, with deviations and without means.

Source: MXNet's box_decode.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._boxes import Format, corners, middles
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank


@declare
class Params:
    """Parameters of box_decode."""

    std0: float = param(1.0, doc="by which offsets to the right are multiplied")
    std1: float = param(1.0, doc="by which offsets downwards are multiplied")
    std2: float = param(1.0, doc="by which logarithms of widths are multiplied")
    std3: float = param(1.0, doc="by which logarithms of heights are multiplied")
    clip: float = param(-1.0, doc="largest logarithm of a width or height; 0 or less: none")
    format: Format = param(
        "center", doc="of anchors; center: (x, y, width, height), x and y being the middle; corner: (left, top, right, "
        "bottom)"
    )  # fmt: skip


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The number of anchors is common."""
    dtype = dtype_of(*ins, *outs)
    data = need_rank(ins[0], (3,), "data", "(N, A, 4)") or (None, None, 4)
    anchors = need_rank(ins[1], (3,), "anchors", "(1, A, 4)") or (1, None, 4)
    a = next((s[1] for s in (data, anchors) if s[1] is not None), None)
    boxes = PartialType((data[0], a, 4), dtype)
    return [boxes, PartialType((1, a, 4), dtype)], [boxes]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    data = ins[0] * xp.asarray((p.std0, p.std1, p.std2, p.std3), dtype=ins[0].dtype)
    anchors = ins[1] if p.format == "center" else middles(xp, ins[1])
    size = anchors[..., 2:]
    logs = xp.minimum(data[..., 2:], p.clip) if p.clip > 0 else data[..., 2:]
    centre = data[..., :2] * size + anchors[..., :2]
    outs[0][...] = corners(xp, xp.concatenate([centre, xp.exp(logs) * size], axis=-1))


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """None, as in MXNet."""
    return [None, None]


OP = Op(
    "box_decode", infer, {"reference": reference(run)}, params=Params, inputs=("data", "anchors"),
    mxnet=("_contrib_box_decode",), gradient=gradient,
)  # fmt: skip
