"""Functions of one or two elements with their gradients, so that an operator's file says only what is its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.params import NoParams, declare, param
from mxtrain.base.types import FLOATS
from mxtrain.graph import Entry, Kernel, Node, Op, Recipe, apply_node
from mxtrain.ops import _broadcast
from mxtrain.ops._activations import ALGORITHM, FORWARD, backward
from mxtrain.ops._infer import same_type
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
    """

    run: Run | None = None
    reads: tuple[str, ...] = ()
    alias: bool = True


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
            infer=infer, alias=slope.alias,
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


def fast_binary(algorithm: onednn.Algorithm) -> Kernel:
    """oneDNN's binary, broadcasting too."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        t = node.types[0]
        types = [e.type for e in node.inputs]
        if not onednn.available() or t.dtype not in FLOATS or not onednn.supports(t):
            return None
        if any(x.layout != t.layout or x.dtype != t.dtype for x in types):
            return None
        rank = len(t.shape)
        axes = [(1,) * (rank - len(x.shape)) + x.shape for x in types]
        mds = [onednn.desc(x, s) for x, s in zip(types, axes, strict=True)]
        pd = onednn.describe("binary", algorithm, *mds, onednn.desc(t))
        if pd is None:
            return None
        ins = {onednn.Arg.SRC: (0, axes[0]), onednn.Arg.SRC_1: (1, axes[1])}
        same = tuple((i, 0) for i, x in enumerate(types) if x == t)
        return onednn.recipe(pd, node, ins, {onednn.Arg.DST: 0}, inplace=same)

    return kernel


def fast_eltwise(
    algorithm: onednn.Algorithm, numbers: Callable[[Any], tuple[float, float]] = lambda p: (0.0, 0.0)
) -> Kernel:
    """oneDNN's eltwise; `numbers` gives its alpha and beta."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        t = node.types[0]
        if not onednn.available() or t.dtype not in FLOATS or not onednn.supports(t) or t != node.inputs[0].type:
            return None
        md = onednn.desc(t)
        pd = onednn.describe("eltwise_forward", onednn.Prop.TRAINING, algorithm, md, md, *numbers(node.params))
        if pd is None:
            return None
        return onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: 0}, inplace=((0, 0),))

    return kernel


def activation_op(name: str) -> Op:
    """An operator that is one activation function, which a producer may absorb."""

    def run(params: Any, xp: Any, out: Any, data: Any) -> None:
        FORWARD[name](xp, data, out)

    def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
        return [dy[0] and backward(node, dy[0], name)]

    fast = fast_eltwise(ALGORITHM[name], lambda p: (0.0 if name == "relu" else 1.0, 0.0))
    return pointwise_op(
        name, run, alias=True, gradient=gradient, eltwise=lambda p: name, mxnet=(name,), kernels={"onednn": fast}
    )
