"""Kernels that only move elements, and windows: regular pieces of a tensor, cut out or put into zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType, Shape, TensorType, physical_order, strides
from mxtrain.graph import Call, Entry, Kernel, Node, Op, Recipe, apply
from mxtrain.ops._call import Run
from mxtrain.ops._infer import Inferred, Types, dtype_of

Span = tuple[int, int, int]
"""(first index, number of elements, step) along an axis."""


def moving(run: Run) -> Kernel:
    """A reference kernel of array code that copies elements and computes nothing: bfloat16 arrays stay bits."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        if any(t.layout.opaque for t in (*(e.type for e in node.inputs), *node.types)):
            return None

        def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
            return run, (node, device.xp, ins, outs)

        return Recipe(prepare)

    return kernel


def span(size: int, begin: int | None, end: int | None, step: int | None) -> Span:
    """The elements that Python's ``[begin:end:step]`` takes of an axis of this size."""
    start, stop, by = slice(begin, end, step).indices(size)
    return start, len(range(start, stop, by)), by


def window(x: Any, spans: Sequence[Span]) -> Any:
    """The view of x that the spans cut out, one per axis."""
    index = []
    for first, count, step in spans:
        stop = first + count * step
        # Python reads a negative end as counted from the back; backwards to the very first element is None.
        index.append(slice(first, None if stop < 0 else stop, step) if count else slice(0, 0))
    return x[tuple(index)]


def moving_code(run: Run) -> dict[str, Kernel]:
    """The reference kernel of `run`, which only copies, and the compiled one of a GPU."""
    return {"reference": moving(run), "cuda": cuda.array_kernel(run)}


@dataclass(frozen=True)
class Window:
    """A piece of a tensor.

    Args:
        spans: where it lies, one per axis.
        shape: of the whole tensor.
    """

    spans: tuple[Span, ...]
    shape: Shape

    @property
    def counts(self) -> Shape:
        """The shape of the piece."""
        return tuple(count for _, count, _ in self.spans)


def infer_cut(w: Window, ins: Types, outs: Types) -> Inferred:
    """Both shapes are given."""
    dtype = dtype_of(ins[0], outs[0])
    return [PartialType(w.shape, dtype)], [PartialType(w.counts, dtype)]


def infer_placed(w: Window, ins: Types, outs: Types) -> Inferred:
    """Both shapes are given."""
    dtype = dtype_of(ins[0], outs[0])
    return [PartialType(w.counts, dtype)], [PartialType(w.shape, dtype)]


def run_cut(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Copy the piece out."""
    outs[0][...] = window(ins[0], node.params.spans)


def run_placed(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Zeros, and the piece in its place."""
    outs[0][...] = 0
    window(outs[0], node.params.spans)[...] = ins[0]


def cut_gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Zeros around it."""
    w: Window = node.params
    return [dys[0] and placed(f"{node.name}_backward", dys[0], w.spans, w.shape)]


def placed_gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The piece of it."""
    return [dys[0] and cut(f"{node.name}_backward", dys[0], node.params.spans)]


CUT = Op(
    "cut", infer_cut, moving_code(run_cut), params=Window, gradient=cut_gradient, layout="follow",
    precision="follow",
)  # fmt: skip
PLACED = Op(
    "placed", infer_placed, moving_code(run_placed), params=Window, gradient=placed_gradient,
    layout="follow", precision="follow",
)  # fmt: skip


def cut(name: str, data: Entry, spans: Sequence[Span]) -> Entry:
    """A piece of `data`."""
    return apply(CUT, name, data, spans=tuple(spans), shape=data.type.shape)


def placed(name: str, data: Entry, spans: Sequence[Span], shape: Shape) -> Entry:
    """Zeros of `shape` with `data` as a piece of them."""
    return apply(PLACED, name, data, spans=tuple(spans), shape=shape)


def reordered(node: Node, axes: Sequence[int]) -> Recipe | None:
    """oneDNN's reorder of input 0 with its axes in the order `axes`; None if it cannot."""
    source, target = node.inputs[0].type, node.types[0]
    if not onednn.available() or not onednn.supports(source, target) or source.layout.opaque:
        return None
    steps = strides(source)
    seen = onednn.strided(target.shape, source.dtype, tuple(steps[a] for a in axes))
    pd = onednn.describe("reorder", seen, onednn.desc(target))
    if pd is None:
        return None
    return onednn.recipe(pd, node, {onednn.Arg.SRC: (0, seen)}, {onednn.Arg.DST: 0})


def keeps_order(t: TensorType, axes: Sequence[int]) -> bool:
    """True if the axes longer than 1 stay in their order, so that the elements lie as they did."""
    return t.layout.name == "plain" and (long := [a for a in axes if t.shape[a] != 1]) == sorted(long)


def pieces(node: Node, axis: int) -> Recipe | None:
    """oneDNN's reorders of input 0 into the outputs, pieces of it one after another along `axis`, which they keep or,
    where they have 1 there, drop."""
    return _moved(axis, node.inputs[0].type, node.types, together=False)


def put_together(node: Node, axis: int) -> Recipe | None:
    """The other way: of the inputs into output 0."""
    return _moved(axis, node.types[0], [e.type for e in node.inputs], together=True)


def _moved(axis: int, whole: TensorType, parts: Sequence[TensorType], *, together: bool) -> Recipe | None:
    """Reorders between a tensor and its parts."""
    if not onednn.available() or not onednn.supports(whole, *parts) or whole.layout.opaque:
        return None
    rank = len(whole.shape)
    shapes = [t.shape if len(t.shape) == rank else (*t.shape[:axis], 1, *t.shape[axis:]) for t in parts]
    if any(physical_order(t.layout, rank) != physical_order(whole.layout, rank) for t in parts):
        return None
    if whole.layout.name != "plain" and any(len(t.shape) != rank for t in parts):
        return None
    steps = strides(whole)
    plans = []
    for t, shape in zip(parts, shapes, strict=True):
        inside, alone = onednn.strided(shape, t.dtype, steps), onednn.desc(t._replace(shape=shape))
        plans.append(onednn.describe("reorder", *((alone, inside) if together else (inside, alone))))
    found = [pd for pd in plans if pd and not pd.scratchpad]
    if len(found) < len(plans):
        return None
    spans = [(slice(None),) * axis + (s,) for s in bounds([shape[axis] for shape in shapes])]
    inner, outer = (onednn.Arg.DST, onednn.Arg.SRC) if together else (onednn.Arg.SRC, onednn.Arg.DST)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        one, many = (outs[0], ins) if together else (ins[0], outs)
        calls = [
            onednn.prepared(pd, {inner: one[where], outer: part})
            for pd, where, part in zip(found, spans, many, strict=True)
        ]
        return run_all, (tuple(calls),)

    return Recipe(prepare, f"onednn:{found[0].implementation}")


def bounds(sizes: Sequence[int]) -> list[slice]:
    """Slices of pieces of these sizes that lie one after another."""
    result, at = [], 0
    for n in sizes:
        result.append(slice(at, at + n))
        at += n
    return result


def run_all(calls: Sequence[Call]) -> bool:
    """Run prepared calls in order; true if one fails."""
    return any(function(*args) for function, args in calls)
