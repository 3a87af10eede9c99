"""Where the time of plans goes: every prepared call timed by itself, with what it computes and moves."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from mxtrain.executor.plan import Plan, Step
from mxtrain.graph import Node


class Work(NamedTuple):
    """What a call does.

    Args:
        flops: floating-point operations.
        nbytes: bytes of all inputs and outputs, each counted once.
        dtype: the narrowest of its floating types, which is the one it computes in.
        shape: of its first output.
    """

    flops: int
    nbytes: int
    dtype: str
    shape: tuple[int, ...]


class Timed(NamedTuple):
    """One call.

    Args:
        segment: pack (after each update), compute, or update.
        seconds: median over the repeats.
        begun: in the last repeat, since its first call.
        last: seconds in the last repeat.
    """

    segment: str
    name: str
    op: str
    kernel: str
    work: Work
    seconds: float
    begun: float
    last: float


def time_calls(plan: Plan, update: Plan | None, repeats: int) -> list[Timed]:
    """Every call of a step, in order: packs, the plan, the update.

    Args:
        update: the optimizer's plan, or None.
        repeats: how often the whole step runs.
    """
    parts: list[tuple[str, Step, Work]] = []
    for one, segments in ((plan, ("pack", "compute")), (update, ("update", "update"))):
        if one is not None:
            nodes = {n.name: n for n in one.compiled.recipes}
            for segment, steps in zip(segments, (one.pack, one.steps), strict=True):
                parts += [(segment, step, _work(nodes.get(step.name), step)) for step in steps]
    spans = [[(0.0, 0.0)] * repeats for _ in parts]
    for r in range(repeats):
        start = perf_counter()
        for k, (_, step, _) in enumerate(parts):
            function, args = step.call
            begun = perf_counter()
            function(*args)
            plan.device.synchronize()
            spans[k][r] = (begun - start, perf_counter() - begun)
    return [
        Timed(segment, s.name, s.op, s.kernel, work, statistics.median(d for _, d in found), *found[-1])
        for (segment, s, work), found in zip(parts, spans, strict=True)
    ]


def _work(node: Node | None, step: Step) -> Work:
    if node is None or node.op is None:
        # A copy at the end of a plan: what it writes, it has read.
        size = sum(int(a.nbytes) for a in step.outs)
        return Work(0, 2 * size, "float32", tuple(step.outs[0].shape) if step.outs else ())
    written = [t for i, t in enumerate(node.types) if node.reads(i)]
    read = list(dict.fromkeys(node.inputs))
    flops = node.op.flops(node) if node.op.flops else sum(t.size for t in written)
    dtypes = [t.dtype for t in (*(e.type for e in read), *written)]
    narrow = next((d for d in ("bfloat16", "float16") if d in dtypes), "float32")
    moved = sum(e.type.nbytes for e in read) + sum(t.nbytes for t in written)
    return Work(flops, moved, narrow, node.types[0].shape if node.types else ())


def total(calls: Sequence[Timed]) -> float:
    """Seconds of all calls together."""
    return sum(c.seconds for c in calls)
