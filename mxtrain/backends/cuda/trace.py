"""Tracing: plain array code (``run(xp, ins, outs)``) run once over arrays that note down what is done to them.

What comes out is a Program: assignments and reductions of expressions over strided buffers, in order. Array code whose
course depends on values, or that uses what is not here, is Untraceable: it stays a reference kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mxtrain.backends.cuda.expression import (
    Expr,
    Leaf,
    Views,
    apply,
    const,
)
from mxtrain.backends.cuda.traced import FLOATS, Array, Target, Untraceable
from mxtrain.base.types import Shape, TensorType, numpy_dtype, strides


@dataclass(frozen=True)
class Work:
    """One pass over memory.

    Args:
        targets: leaf and expression of what is written, all of one shape; one of them if it is reduced.
        shape: of the elements passed over.
        reduce: name of REDUCTIONS; "": an assignment.
        axes: that are reduced; the target's strides along them are 0.
    """

    targets: tuple[tuple[Leaf, Expr], ...]
    shape: Shape
    reduce: str = ""
    axes: tuple[int, ...] = ()


@dataclass
class Program:
    """Passes in order.

    Args:
        slots: number of arrays given: inputs, then outputs. Slots after them are temporaries.
        temporaries: elements (float32) of each.
    """

    slots: int
    work: list[Work] = field(default_factory=list)
    temporaries: list[int] = field(default_factory=list)


class Tracer:
    """Notes down a program."""

    def __init__(self, slots: int) -> None:
        self.program = Program(slots)
        self.views = Views()

    def temporary(self, shape: Shape) -> Leaf:
        """A slot of its own, float32."""
        self.program.temporaries.append(math.prod(shape))
        slot = self.program.slots + len(self.program.temporaries) - 1
        return Leaf(slot, "float32", 0, strides(TensorType(shape)))

    def expr(self, value: Any) -> Expr:
        """A value of any kind as an expression."""
        if isinstance(value, Array):
            return value.expr()
        if isinstance(value, (bool, int, float, np.number, np.bool_)):
            return const(float(value))
        raise Untraceable(f"a {type(value).__name__} among arrays")

    def assign(self, leaf: Leaf, e: Expr, shape: Shape) -> None:
        """Note an assignment down."""
        if math.prod(shape):
            self.program.work.append(Work(((leaf, self.views.whole(e, shape)),), shape))

    def made(self, e: Expr) -> Array:
        """The array of an expression."""
        return Array(self, e.shape, e.dtype, e)

    def call(self, name: str, *args: Any, out: Array | None = None, **options: Any) -> Array:
        """A function of elements."""
        options.pop("casting", None)
        options.pop("dtype", None)
        if options:
            raise Untraceable(f"{name} with {', '.join(options)}")
        made = self.made(apply(name, *(self.expr(a) for a in args)))
        if isinstance(out, tuple):
            (out,) = out
        if out is None:
            return made
        if made.shape != out.shape and len(made.shape) > len(out.shape):
            raise Untraceable("a result larger than its place")
        out.set(made)
        return out

    def power(self, base: Any, exponent: Any, out: Array | None = None) -> Array:
        """A power; those that are products and roots as what they are."""
        known = {2: "square", 0.5: "sqrt", -1: "reciprocal"}
        if isinstance(exponent, (int, float, np.number)) and float(exponent) in (0, 1, *known):
            value = float(exponent)
            made = self.call(known[value], base) if value in known else base + 0.0 if value else base * 0.0 + 1.0
        elif isinstance(exponent, (int, np.integer)) and 2 < int(exponent) <= 4:
            made = self.call("multiply", self.power(base, int(exponent) - 1), base)
        else:
            made = self.call("power", base, exponent)
        if out is None:
            return made
        out.set(made)
        return out

    def reduce(self, name: str, a: Any, axis: Any = None, keepdims: bool = False, out: Array | None = None) -> Array:
        """A reduction over axes, done at once into a temporary."""
        e = self.expr(a)
        shape = e.shape
        chosen = range(len(shape)) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else axis
        axes = tuple(sorted(int(k) % len(shape) for k in chosen))
        count = math.prod(shape[k] for k in axes)
        if name == "var":
            mean = self.reduce("mean", a, axis=axes, keepdims=True)
            centred = self.call("subtract", self.made(e), mean)
            return self.reduce("mean", centred * centred, axis=axes, keepdims=keepdims, out=out)
        kept = tuple(1 if k in axes else d for k, d in enumerate(shape))
        if count == 0 or math.prod(kept) == 0:
            raise Untraceable("a reduction of nothing")
        leaf = self.temporary(kept)
        place = leaf._replace(strides=tuple(0 if k in axes else s for k, s in enumerate(leaf.strides)))
        self.program.work.append(
            Work(((place, self.views.whole(e, shape)),), shape, "sum" if name == "mean" else name, axes)
        )
        made = self.made(Expr("load", kept, "float32", leaf=leaf))
        if name == "mean":
            made = self.call("multiply", made, 1.0 / count)
        if not keepdims:
            made = made.reshape([d for k, d in enumerate(kept) if k not in axes])
        if out is not None:
            out.set(made)
            return out
        return made


def trace(
    run: Callable[[Any, list[Array], list[Array]], None], ins: Sequence[TensorType], outs: Sequence[TensorType]
) -> Program:
    """The program of ``run(xp, ins, outs)`` over arrays of these types.

    Raises:
        Untraceable: if it has none.
    """
    from mxtrain.backends.cuda.array_module import Module

    for t in (*ins, *outs):
        if t.layout.opaque:
            raise Untraceable(f"{t} has a format of its own")
    tracer = Tracer(len(ins) + len(outs))

    def place(k: int, t: TensorType) -> Leaf:
        return Leaf(k, t.dtype, 0, strides(t))

    def plain(t: TensorType) -> str:
        return "float32" if t.dtype in FLOATS else numpy_dtype(t.dtype).name

    given = [
        Array(tracer, t.shape, plain(t), Expr("load", t.shape, plain(t), leaf=place(k, t))) for k, t in enumerate(ins)
    ]
    targets = [Target(tracer, t.shape, plain(t), place(len(ins) + k, t)) for k, t in enumerate(outs)]
    run(
        Module(tracer),
        given,
        [Array(tracer, t.shape, plain(t), place=(x, None)) for t, x in zip(outs, targets, strict=True)],
    )
    finish(tracer, targets)
    return tracer.program


def finish(tracer: Tracer, targets: Sequence[Target]) -> None:
    """Write what is pending, those of one shape and layout in one pass."""
    together: dict[tuple[Shape, Any], list[tuple[Leaf, Expr]]] = {}
    for t in targets:
        if t.pending is not None and t.leaf is not None and math.prod(t.shape) > 0:
            e = tracer.views.whole(t.pending, t.shape)
            together.setdefault((t.shape, t.leaf.strides), []).append((t.leaf, e))
        t.pending = None
    for (shape, _), found in together.items():
        tracer.program.work.append(Work(tuple(found), shape))
