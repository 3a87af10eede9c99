"""Norms of whole arrays as graph nodes, for rules that scale the step of each array (LARS, LAMB)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType, merge
from mxtrain.graph import Call, Node, Op, Recipe
from mxtrain.optim.expr import Expr

Types = Sequence[PartialType]


def _infer_norm(params: Any, ins: Types, outs: Types) -> tuple[Types, Types]:
    return ins, [PartialType((), ins[0].dtype)]


def _kernel_norm(node: Node, device: Device) -> Recipe | None:
    xp = device.xp

    def run(x: Any, out: Any) -> None:
        xp.sqrt(xp.dot(x, x), out=out)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return run, (ins[0], outs[0])

    return Recipe(prepare)


def _infer_ratio(params: Any, ins: Types, outs: Types) -> tuple[Types, Types]:
    one = merge(merge(ins[0], ins[1]), merge(ins[2], outs[0]))
    return [one] * 3, [one]


def _kernel_ratio(node: Node, device: Device) -> Recipe | None:
    xp = device.xp

    def run(over: Any, under: Any, guard: Any, out: Any) -> None:
        valid = (over > 0) & (guard > 0)
        xp.copyto(out, xp.where(valid, over / xp.where(valid, under, 1), 1))

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        return run, (*ins, outs[0])

    return Recipe(prepare)


def _norm(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    outs[0][...] = xp.sqrt(xp.sum(ins[0] * ins[0]))


def _ratio(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    over, under, guard = ins
    valid = (over > 0) & (guard > 0)
    outs[0][...] = xp.where(valid, over / xp.where(valid, under, 1.0), 1.0)


NORM = Op("norm", _infer_norm, {"reference": _kernel_norm, "cuda": cuda.array_kernel(_norm)})
RATIO = Op(
    "trust_ratio",
    _infer_ratio,
    {"reference": _kernel_ratio, "cuda": cuda.array_kernel(_ratio)},
    inputs=("over", "under", "guard"),
)


def norm(x: Expr) -> Expr:
    """The Euclidean norm of an array (N), a scalar."""
    return x.make(NORM)


def trust_ratio(over: Expr, under: Expr, guard: Expr) -> Expr:
    """over / under, of scalars; 1 where `over` or `guard` is not positive."""
    return over.make(RATIO, under, guard)
