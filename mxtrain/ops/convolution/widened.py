"""Gradients of convolutions in narrow types that are computed in float32, where oneDNN 3.2 does not do well.

Towards the data of depthwise convolutions with strides: it has no depthwise kernel for it and takes ten times as long
as in float32. That is done a few images at a time, so that what is widened stays in the cache.

Towards the weights, where the stride is larger than the image is wide: its kernel reads bytes of its scratchpad that it
has not written, and the gradient has in it what lay there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mxtrain.backends import onednn
from mxtrain.base.device import align
from mxtrain.base.types import NARROW, TensorType, view
from mxtrain.graph import Call, Recipe
from mxtrain.ops.convolution.declaration import Params, geometry

CACHE = 4 << 20
"""Bytes of widened images at a time."""

A = onednn.Arg


class Step(NamedTuple):
    """What is done to some images, and the float32 types of their two sides."""

    dx: TensorType
    dy: TensorType
    widen: onednn.PrimitiveDesc
    convolve: onednn.PrimitiveDesc
    narrow: onednn.PrimitiveDesc


def takes(p: Params, dx: TensorType, dy: TensorType) -> bool:
    """Whether the library is slow for it."""
    depthwise = p.num_group == dx.shape[1] == p.num_filter
    return dx.dtype in NARROW and depthwise and max(geometry(p).stride) > 1 and dx.size > 0


def backward_data(plan: Any, weight: onednn.MemoryDesc, dx: TensorType, dy: TensorType) -> Recipe | None:
    """The recipe of the inputs dy and weight; None if the library refuses a part of it.

    Args:
        plan: ``(dx, dy) -> description`` of the backward for images of these types.
        weight: how the weight lies, in its narrow type.
    """
    count = dx.shape[0]
    most = max(1, min(count, CACHE * count // (4 * dx.size)))
    steps = {n: _step(plan, dx, dy, n) for n in {most, count % most} - {0}}
    first = steps[most]
    wanted = None if first is None else first.convolve.desc(A.WEIGHTS)
    pack = None if wanted is None else onednn.describe("reorder", weight, wanted)
    if wanted is None or pack is None or any(s is None or s.convolve.desc(A.WEIGHTS) != wanted for s in steps.values()):
        return None
    planned = [s for s in steps.values() if s is not None]
    sizes = [
        wanted.nbytes,
        max(s.dy.nbytes for s in planned),
        max(s.dx.nbytes for s in planned),
        max([pack.scratchpad, *(pd.scratchpad for s in planned for pd in (s.widen, s.convolve, s.narrow))]),
    ]

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        filters, wide_dy, wide_dx, pad = _pieces(scratch, sizes)

        def call(pd: onednn.PrimitiveDesc, arrays: dict[int, Any]) -> Call:
            return onednn.prepared(pd, {**arrays, A.SCRATCHPAD: pad} if pd.scratchpad else arrays)

        calls = [call(pack, {A.SRC: ins[1], A.DST: filters})]
        for start in range(0, count, most):
            images = slice(start, min(start + most, count))
            s = steps[images.stop - start]
            if s is not None:
                calls += [
                    call(s.widen, {A.SRC: ins[0][images], A.DST: wide_dy}),
                    call(s.convolve, {A.DIFF_DST: wide_dy, A.WEIGHTS: filters, A.DIFF_SRC: wide_dx}),
                    call(s.narrow, {A.SRC: wide_dx, A.DST: outs[0][images]}),
                ]
        return onednn.run_calls, (tuple(calls),)

    return Recipe(prepare, f"onednn:{planned[0].convolve.implementation}:widened", scratch=sum(map(align, sizes)))


def misread(p: Params, x: TensorType) -> bool:
    """Whether the library's gradient towards the weights depends on what its scratchpad held."""
    return x.dtype in NARROW and x.shape[-1] < geometry(p).stride[-1]


def widening(inner: Recipe, *types: TensorType) -> Recipe | None:
    """A kernel of float32 inputs, for narrow ones of these types; None if the library cannot widen one of them."""
    wide = [t._replace(dtype="float32") for t in types]
    widen = [onednn.describe("reorder", onednn.desc(t), onednn.desc(w)) for t, w in zip(types, wide, strict=True)]
    planned = [pd for pd in widen if pd is not None]
    if len(planned) < len(types):
        return None
    sizes = [*(w.nbytes for w in wide), max([inner.scratch, *(pd.scratchpad for pd in planned)])]

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call | None:
        *copies, pad = _pieces(scratch, sizes)
        calls = [
            onednn.prepared(pd, {A.SRC: x, A.DST: copy} | ({A.SCRATCHPAD: pad} if pd.scratchpad else {}))
            for pd, x, copy in zip(planned, ins, copies, strict=True)
        ]
        views = [view(copy, w) for copy, w in zip(copies, wide, strict=True)]
        last = inner.prepare(views, outs, pad)
        return onednn.run_calls, ((*calls, *([last] if last else [])),)

    return Recipe(prepare, f"{inner.name}:widened", scratch=sum(map(align, sizes)), gives=inner.gives)


def _pieces(scratch: Any, sizes: Sequence[int]) -> list[Any]:
    """Pieces of the scratch, each on cache lines of its own."""
    pieces, top = [], 0
    for size in sizes:
        pieces.append(scratch[top : top + size])
        top += align(size)
    return pieces


def _step(plan: Any, dx: TensorType, dy: TensorType, count: int) -> Step | None:
    narrow = [t._replace(shape=(count, *t.shape[1:])) for t in (dx, dy)]
    wide = [t._replace(dtype="float32") for t in narrow]
    (small_dx, small_dy), (large_dx, large_dy) = (list(map(onednn.desc, ts)) for ts in (narrow, wide))
    widen = onednn.describe("reorder", small_dy, large_dy)
    back = onednn.describe("reorder", large_dx, small_dx)
    convolve = plan(*wide)
    if widen is None or back is None or convolve is None:
        return None
    return Step(wide[0], wide[1], widen, convolve, back)
