"""Functions of one or two elements with their gradients, so that an operator's file says only what is its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.params import NoParams, declare, param
from mxtrain.graph import Entry, Kernel, Node, Op, apply_node
from mxtrain.ops import _broadcast
from mxtrain.ops._activations import ALGORITHM, FORWARD, backward
from mxtrain.ops._infer import same_type
from mxtrain.ops._native import eltwise
from mxtrain.ops._pointwise import pointwise_op

Run = Callable[..., None]
BINARY = ("lhs", "rhs")


@dataclass(frozen=True)
class Slope:
    """The gradient towards one input.

    Args:
        run: ``(params, xp, out, dy, *read)``; None: dy as it is.
        reads: names of what `run` reads beside dy: inputs, or ``output``.
        alias: `out` may be one of the arrays that are read.
        fast: oneDNN's kernel of it.
    """

    run: Run | None = None
    reads: tuple[str, ...] = ()
    alias: bool = True
    fast: Kernel | None = None


SAME = Slope()


@declare
class ScalarParams:
    """Parameters of an operator with one number."""

    scalar: float = param(doc="the number")


def ufunc(function: str) -> Run:
    """The run of a function that the array module has."""

    def run(params: Any, xp: Any, out: Any, *ins: Any) -> None:
        getattr(xp, function)(*ins, out=out, casting="unsafe")

    return run


def with_scalar(function: str) -> Run:
    """``function(data, scalar)``, the scalar in the dtype of the data (MXNet's rule)."""

    def run(params: ScalarParams, xp: Any, out: Any, data: Any) -> None:
        getattr(xp, function)(data, data.dtype.type(params.scalar), out=out, casting="unsafe")

    return run


def scalar_with(function: str) -> Run:
    """``function(scalar, data)``, the scalar in the dtype of the data (MXNet's rule)."""

    def run(params: ScalarParams, xp: Any, out: Any, data: Any) -> None:
        getattr(xp, function)(data.dtype.type(params.scalar), data, out=out, casting="unsafe")

    return run


def negate(params: Any, xp: Any, out: Any, dy: Any) -> None:
    """dx = -dy."""
    xp.negative(dy, out=out)


def times(params: Any, xp: Any, out: Any, dy: Any, factor: Any) -> None:
    """dx = dy * factor."""
    xp.multiply(dy, factor, out=out)


NEGATED = Slope(negate)


def elementwise(
    name: str,
    run: Run,
    slopes: tuple[Slope | None, ...],
    *,
    inputs: tuple[str, ...] = ("data",),
    broadcast: bool = False,
    alias: bool = True,
    **traits: Any,
) -> Op:
    """A pointwise operator with its gradient.

    Args:
        run: ``(params, xp, out, *ins)``.
        slopes: one per input; None: no gradient flows there.
        broadcast: inputs may have any shapes that broadcast; else all have one type.
        alias: `out` may be one of the inputs (true of a single ufunc).
        traits: further fields of Op.
    """
    infer = _broadcast.infer if broadcast else same_type
    names = ["backward"] if len(inputs) == 1 else [f"{i}_backward" for i in inputs]
    ops = [
        pointwise_op(
            f"{name}_{suffix}", slope.run, inputs=("dy", *slope.reads), params=traits.get("params", NoParams),
            infer=infer, alias=slope.alias, kernels={"onednn": slope.fast} if slope.fast else {},
        ) if slope and slope.run else None
        for suffix, slope in zip(names, slopes, strict=True)
    ]  # fmt: skip

    def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
        found: list[Entry | None] = []
        for e, slope, op, suffix in zip(node.inputs, slopes, ops, names, strict=True):
            d = dy[0] if slope else None
            if d is not None and slope and op:
                reads = [Entry(node) if r == "output" else node.inputs[inputs.index(r)] for r in slope.reads]
                d = apply_node(op, f"{node.name}_{suffix}", [d, *reads], node.params)[0]
            found.append(d and _broadcast.sum_to(f"{node.name}_{suffix}_sum", d, e.type.shape))
        return found

    return pointwise_op(name, run, inputs=inputs, infer=infer, alias=alias, gradient=gradient, **traits)


def activation_op(name: str) -> Op:
    """An operator that is one activation function, which a producer may absorb."""

    def run(params: Any, xp: Any, out: Any, data: Any) -> None:
        FORWARD[name](xp, data, out)

    def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
        return [dy[0] and backward(node, dy[0], name)]

    native = eltwise(ALGORITHM[name], lambda p: (0.0 if name == "relu" else 1.0, 0.0))
    return pointwise_op(name, run, alias=True, gradient=gradient, eltwise=lambda p: name, mxnet=(name,), native=native)
