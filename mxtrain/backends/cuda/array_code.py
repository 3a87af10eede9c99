"""Kernels out of plain array code: what a reference kernel says, compiled. Untraceable code gives none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from mxtrain.backends.cuda.emit import Pass, Pointer, emit_assignment, is_move, leaves_of
from mxtrain.backends.cuda.emit_reduction import emit_reduction, partials
from mxtrain.backends.cuda.expression import IOTA, Leaf
from mxtrain.backends.cuda.launch import Address, launch, recipe, together
from mxtrain.backends.cuda.launch import Kernel as Launched
from mxtrain.backends.cuda.trace import Program, Work, trace
from mxtrain.backends.cuda.traced import Array, Untraceable
from mxtrain.base.device import Device, align
from mxtrain.base.types import ITEMSIZE, TensorType
from mxtrain.graph import Call, Kernel, Node, Recipe

Run = Callable[[Any, Sequence[Array], Sequence[Array]], None]
"""``(xp, ins, outs)``: array code."""

Pairs = tuple[tuple[int, int], ...]


class Room(NamedTuple):
    """Scratch of a program: where each temporary begins, where partial results do, and bytes in all."""

    temporaries: tuple[int, ...]
    partial: int
    nbytes: int


def room_of(program: Program) -> Room:
    """Places of what a program needs for itself."""
    starts, top = [], 0
    for size in program.temporaries:
        starts.append(top)
        top += align(4 * size)
    most = max((partials(w) for w in program.work if w.reduce), default=0)
    return Room(tuple(starts), top, top + align(4 * most))


def check_types(program: Program) -> None:
    """Refuse what would be computed less exactly than asked: float64 is moved and converted, nothing else."""
    for work in program.work:
        for target, e in work.targets:
            wide = [x for x in (*leaves_of([e]), target) if x.dtype == "float64"]
            if wide and (work.reduce or not is_move(target, e)):
                raise Untraceable("arithmetic in float64")


def safe_pairs(program: Program, inputs: int, pairs: Pairs) -> Pairs:
    """The in-place pairs for which nothing is read after it may have been written over."""
    return tuple((i, o) for i, o in pairs if _safe(program, i, inputs + o))


def _safe(program: Program, read: int, written: int) -> bool:
    over = False
    for work in program.work:
        targets = [t for t, _ in work.targets if t.slot == written]
        sources = [x for x in leaves_of([e for _, e in work.targets]) if x.slot == read]
        if over and sources:
            return False
        if targets:
            over = True
            like = {(t.offset, t.strides) for t in targets}
            if any((x.offset, x.strides) not in like for x in sources):
                return False
    return True


def array_recipe(
    device: Device, run: Run, ins: Sequence[TensorType], outs: Sequence[TensorType], inplace: Pairs = ()
) -> Recipe | None:
    """The recipe of compiled array code; None if it cannot be compiled.

    Args:
        inplace: pairs (input, output) that the code allows to be one array.
    """
    try:
        program = trace(run, ins, outs)
        check_types(program)
    except Untraceable:
        return None
    room = room_of(program)

    def prepare(arrays: Sequence[Any], results: Sequence[Any], scratch: Any) -> Call | None:
        bases = [device.address(a) for a in (*arrays, *results)]
        start = device.address(scratch) if room.nbytes else 0
        bases += [start + t for t in room.temporaries]
        calls = [call for w in program.work for call in _calls(device, w, (*bases, start + room.partial), arrays)]
        return together(calls) if calls else None

    return recipe(device, "compiled", prepare, inplace=safe_pairs(program, len(ins), inplace), scratch=room.nbytes)


def _calls(device: Device, work: Work, bases: Sequence[int], kept: Any) -> list[Call]:
    """The prepared launches of one pass; the last base is that of partial results."""
    if work.reduce:
        return [_launch(device, p, bases) for p in emit_reduction(work, Leaf(len(bases) - 1, "float32", 0, ()))]
    made = emit_assignment(work)
    if any(_address(x, bases) % min(16, ITEMSIZE[x.dtype] * made.vector) for x in made.aligned):
        made = emit_assignment(work, vectors=False)
    return [_launch(device, made, bases)]


def _launch(device: Device, p: Pass, bases: Sequence[int]) -> Call:
    args = [Address(_address(a.leaf, bases)) if isinstance(a, Pointer) else a for a in p.args]
    return launch(device, Launched(p.source, "run"), p.grid, args)


def _address(leaf: Leaf, bases: Sequence[int]) -> int:
    return bases[leaf.slot] + leaf.offset * ITEMSIZE[leaf.dtype] if leaf.slot != IOTA else 0


def array_kernel(
    run: Callable[[Node, Any, Sequence[Any], Sequence[Any]], None],
    inplace: Pairs = (),
    workspace: Callable[[Node], dict[int, Any]] | None = None,
) -> Kernel:
    """The kernel of a reference's ``run(node, xp, ins, outs)``."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        def code(xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
            run(node, xp, ins, outs)

        types = list(node.types)
        gives = workspace(node) if workspace else {}
        for i, layout in gives.items():
            types[i] = types[i]._replace(shape=(layout.nbytes or 0,))
        made = array_recipe(device, code, [e.type for e in node.inputs], types, inplace)
        return made and replace(made, gives=gives)

    return kernel
