"""blend: a moving average's next value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.graph import Entry, Node, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._pointwise import pointwise_op


@dataclass(frozen=True)
class Params:
    """How much of the old value is kept."""

    keep: float


def run(params: Params, xp: Any, out: Any, old: Any, new: Any) -> None:
    """out = old * keep + new * (1 - keep), in place over `old` if asked."""
    xp.subtract(old, new, out=out)
    xp.multiply(out, params.keep, out=out)
    xp.add(out, new, out=out)


def compute(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    run(node.params, xp, outs[0], *ins)


# In place over `old` is safe (it is read once, first), over `new` is not: so no alias trait, but a kernel that says it.
BLEND = pointwise_op(
    "blend", run, inputs=("old", "new"), params=Params, precision="wide",
    kernels={**array_code(compute, ((0, 0),))},
)  # fmt: skip


def blend(name: str, old: Entry, new: Entry, keep: float) -> Entry:
    """old * keep + new * (1 - keep)."""
    return apply(BLEND, name, old, new, keep=keep)
