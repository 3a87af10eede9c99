"""A profile of a step: calls beside what the machine can do, summed by kind, and as a trace for chrome://tracing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mxtrain.executor.profile import Timed
from mxtrain.executor.roofline import Roofline


class Cost(NamedTuple):
    """Calls of one kind, or one call.

    Args:
        calls: how many.
        seconds: of all.
        flops: likewise.
        nbytes: likewise, read and written.
        bound: seconds in which the machine could at best have done it, from memory.
    """

    calls: int
    seconds: float
    flops: int
    nbytes: int
    bound: float

    @property
    def share(self) -> float:
        """Part of the roofline that was reached; above 1 if the data lay in a cache."""
        return self.bound / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        rates = {"gflops": self.flops / self.seconds / 1e9, "gbytes": self.nbytes / self.seconds / 1e9}
        return {"calls": self.calls, "ms": self.seconds * 1e3, **rates, "roofline": self.share}


def cost_of(calls: Sequence[Timed], roof: Roofline) -> Cost:
    """The sum of some calls."""
    return Cost(
        len(calls),
        # A clock that did not move between two looks would divide by nothing.
        max(sum(c.seconds for c in calls), 1e-9),
        sum(c.work.flops for c in calls),
        sum(c.work.nbytes for c in calls),
        sum(roof.bound(c.work.flops, c.work.nbytes, c.work.dtype) for c in calls),
    )


def by(key: Callable[[Timed], str], calls: Sequence[Timed], roof: Roofline) -> dict[str, Cost]:
    """The calls summed by a key, the dearest first."""
    groups: dict[str, list[Timed]] = {}
    for c in calls:
        groups.setdefault(key(c), []).append(c)
    costs = {name: cost_of(group, roof) for name, group in groups.items()}
    return dict(sorted(costs.items(), key=lambda item: -item[1].seconds))


def kind(c: Timed) -> str:
    """Operator, with the segment where it is none of the plan's own."""
    return c.op if c.segment == "compute" else f"{c.op} ({c.segment})"


def chrome_trace(calls: Sequence[Timed], name: str) -> dict[str, Any]:
    """The last step that was timed, in Chrome's trace event format: load it in chrome://tracing or Perfetto.

    One row per segment; the arguments of an event are kernel, shape, GFLOP/s and GB/s.
    """
    rows = {segment: k for k, segment in enumerate(dict.fromkeys(c.segment for c in calls))}
    events: list[dict[str, Any]] = [{"ph": "M", "name": "process_name", "pid": 0, "args": {"name": name}}]
    events += [{"ph": "M", "name": "thread_name", "pid": 0, "tid": k, "args": {"name": s}} for s, k in rows.items()]
    for c in calls:
        seconds = max(c.last, 1e-9)
        args = {"name": c.name, "kernel": c.kernel, "shape": list(c.work.shape), "dtype": c.work.dtype,
                "gflops": c.work.flops / seconds / 1e9, "gbytes": c.work.nbytes / seconds / 1e9}  # fmt: skip
        events.append({"ph": "X", "name": c.op, "cat": c.segment, "pid": 0, "tid": rows[c.segment],
                       "ts": c.begun * 1e6, "dur": c.last * 1e6, "args": args})  # fmt: skip
    return {"traceEvents": events, "displayTimeUnit": "ms"}
