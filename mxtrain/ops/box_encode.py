"""box_encode: what has to be predicted at anchors for the boxes that they were matched with.

Shapes:
    samples (N, A), matches (N, A), anchors (N, A, 4), refs (N, M, 4), means (4,), stds (4,)
        -> targets (N, A, 4), masks (N, A, 4)

An anchor counts if its sample is above 0.5; its box is refs[n, matches[n, a]]. Offsets of the middle are in sizes of
the anchor, sizes are logarithms of ratios; the means are subtracted and the rest divided by the stds.

Source: MXNet's box_encode; Ren et al., "Faster R-CNN", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import NoParams
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._boxes import centred
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank


def infer(p: NoParams, ins: Types, outs: Types) -> Inferred:
    """Images and anchors are common."""
    dtype = dtype_of(*ins, *outs)
    first = [need_rank(t, (2,), n, "(N, A)") or (None, None) for t, n in zip(ins, ("samples", "matches"), strict=False)]
    anchors = need_rank(ins[2], (3,), "anchors", "(N, A, 4)") or (None, None, 4)
    refs = need_rank(ins[3], (3,), "refs", "(N, M, 4)") or (None, None, 4)
    n = next((s[0] for s in (*first, anchors, refs) if s[0] is not None), None)
    a = next((s[1] for s in (*first, anchors) if s[1] is not None), None)
    one, four, own = PartialType((n, a), dtype), PartialType((n, a, 4), dtype), PartialType((4,), dtype)
    return [one, one, four, PartialType((n, refs[1], 4), dtype), own, own], [four, four]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    samples, matches, anchors, refs, means, stds = ins
    valid = (samples > 0.5)[:, :, None]
    # Where nothing counts anything may stand in matches.
    index = xp.clip(matches, 0, refs.shape[1] - 1).astype(xp.int64)
    boxes = xp.where(valid, xp.take_along_axis(refs, index[:, :, None], axis=1), anchors)
    at, size = centred(xp, anchors)
    want, large = centred(xp, boxes)
    wanted = xp.concatenate([(want - at) / size, xp.log(large / size)], axis=-1)
    outs[0][...] = xp.where(valid, (wanted - means) / stds, 0)
    outs[1][...] = valid


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Targets have none."""
    return [None] * 6


OP = Op(
    "box_encode", infer, {"reference": reference(run)},
    inputs=("samples", "matches", "anchors", "refs", "means", "stds"), outputs=("targets", "masks"), visible=2,
    mxnet=("_contrib_box_encode",), gradient=gradient,
)  # fmt: skip
