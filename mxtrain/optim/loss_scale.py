"""Dynamic loss scaling as graph nodes: the gradients of a 16-bit net are made larger so that float16 can hold them.

Micikevicius et al., "Mixed precision training", ICLR 2018. The scale doubles after so many good steps and halves at
every step whose gradients are not finite; such a step changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.params import NoParams
from mxtrain.base.types import PartialType, TensorType, merge
from mxtrain.executor import ParameterStore, make_arena
from mxtrain.graph import Call, Node, Op, Pointwise, Recipe, Update, variable
from mxtrain.optim.expr import Expr, above, at_least, at_most
from mxtrain.passes import LOSS_SCALE

Types = Sequence[PartialType]

GOOD, SKIPPED = "loss_scale_good", "loss_scale_skipped"
START, GROW_AFTER, LEAST, MOST = 2.0**16, 2000, 1.0, 2.0**24
VALUES = {"scale": LOSS_SCALE, "good": GOOD, "skipped": SKIPPED}
"""What the arena LOSS_SCALE holds -> the variable that it is in graphs."""

_AT_ONCE = 1 << 16


def _infer_finite(params: Any, ins: Types, outs: Types) -> tuple[Types, Types]:
    return ins, [PartialType((), ins[0].dtype)]


def _kernel_finite(node: Node, device: Device) -> Recipe | None:
    xp = device.xp
    size = node.inputs[0].type.size

    def run(x: Any, good: Any, out: Any) -> None:
        for start in range(0, size, _AT_ONCE):
            part = x[start : start + _AT_ONCE]
            if not xp.isfinite(part, out=good[: len(part)]).all():
                out[...] = 0
                return
        out[...] = 1

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return run, (ins[0], scratch.view(np.bool_), outs[0])

    return Recipe(prepare, scratch=max(min(size, _AT_ONCE), 1))


def _infer_select(params: Any, ins: Types, outs: Types) -> tuple[Types, Types]:
    one = merge(merge(ins[1], ins[2]), outs[0])
    return [merge(ins[0], PartialType((), one.dtype)), one, one], [one]


def _select(params: Any, xp: Any, out: Any, flag: Any, new: Any, old: Any) -> None:
    xp.copyto(out, old)
    xp.copyto(out, new, where=flag != 0)


def _kernel_select(node: Node, device: Device) -> Recipe | None:
    xp = device.xp

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return _select, (None, xp, outs[0], *ins)

    return Recipe(prepare)


def _all_finite(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    outs[0][...] = xp.min(xp.where(xp.isfinite(ins[0]), 1.0, 0.0))


def _select_one(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    outs[0][...] = xp.where(ins[0] != 0, ins[1], ins[2])


FINITE = Op("all_finite", _infer_finite, {"reference": _kernel_finite, "cuda": cuda.array_kernel(_all_finite)})
SELECT = Op(
    "select", _infer_select,
    {"reference": _kernel_select, "cuda": cuda.array_kernel(_select_one, ((1, 0), (2, 0)))}, params=NoParams,
    inputs=("flag", "new", "old"),
    layout="follow", pointwise=Pointwise(_select),
)  # fmt: skip


def finite(x: Expr) -> Expr:
    """1 if every element of an array (N) is finite, else 0: a scalar."""
    return x.make(FINITE)


def select(flag: Expr, new: Expr, old: Expr) -> Expr:
    """`new` where the scalar `flag` is not 0, else `old`, whatever the other holds."""
    return flag.make(SELECT, new, old)


@dataclass(frozen=True)
class Guard:
    """What stands before an update.

    Args:
        scaled: the gradients carry the loss scale.
        clip: largest norm of all gradients together, or None.
    """

    scaled: bool = False
    clip: float | None = None


class Guarded:
    """The nodes of a guard over some gradients.

    Args:
        guard: what is asked for.
        gradients: of every slot.
        norms: Euclidean norms of the same gradients.
        rescale: scalar that brings a sum to a mean.
    """

    def __init__(self, guard: Guard, gradients: Sequence[Expr], norms: Sequence[Expr], rescale: Expr) -> None:
        self.guard = guard
        self._old = {n: _scalar(n, rescale) for n in VALUES.values() if guard.scaled or n == SKIPPED}
        flags = [finite(g) for g in gradients]
        self.ok = flags[0]
        for flag in flags[1:]:
            self.ok = self.ok * flag
        self.rescale = rescale / self._old[LOSS_SCALE] if guard.scaled else rescale
        if guard.clip is not None:
            squares = norms[0] * norms[0]
            for n in norms[1:]:
                squares = squares + n * n
            norm = at_least(squares.through("sqrt") * self.rescale, 1e-30)
            self.rescale = self.rescale * at_most(guard.clip / norm, 1.0)

    def updates(self) -> list[Update]:
        """What becomes of the scale and the counts."""
        skipped = self._old[SKIPPED]
        new = {SKIPPED: skipped + (1.0 - self.ok)}
        if self.guard.scaled:
            scale, good = self._old[LOSS_SCALE], self._old[GOOD] + 1.0
            full = above(good, GROW_AFTER - 0.5)
            grown, shrunk = at_most(scale * (full + 1.0), MOST), at_least(scale * 0.5, LEAST)
            new[LOSS_SCALE] = select(self.ok, grown, shrunk)
            new[GOOD] = self.ok * good * (1.0 - full)
        return [Update(self._old[n].entry.node, e.entry) for n, e in new.items()]


def _scalar(name: str, like: Expr) -> Expr:
    return Expr(variable(like.fresh(name), TensorType(()), "state"), like.fresh)


def add_loss_scale(store: ParameterStore, *, scaled: bool) -> None:
    """Give a store what a guard counts in; a checkpoint keeps it as it keeps optimizer state.

    Args:
        scaled: whether there is a loss scale too, which starts at START.
    """
    names = [n for n, v in VALUES.items() if scaled or v == SKIPPED]
    arena = store.states[LOSS_SCALE] = make_arena({n: TensorType((1,)) for n in names}, store.device)
    for n in names:
        store.scalars[VALUES[n]] = arena[n].reshape(())
    if scaled:
        store.device.put(arena["scale"], np.full(1, START, np.float32))
