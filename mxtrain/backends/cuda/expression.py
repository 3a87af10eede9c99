"""Expressions over elements of strided arrays: what a traced array function is made of. One table says what every
function is in NumPy and in CUDA C++.

Arithmetic is in float32. Whole numbers and truth values are floats too, so whole numbers are exact up to 2^24; what is
only moved keeps its bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from mxtrain.base.types import Shape

EXACT = 1 << 24
IOTA = -1
"""The slot of what is no array but its own index."""


class Leaf(NamedTuple):
    """Where the elements of an array lie: element ``offset + sum(index * strides)`` of the buffer in a slot.

    Args:
        dtype: as stored; a bfloat16's bits are told from a uint16 by it.
    """

    slot: int
    dtype: str
    offset: int
    strides: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Expr:
    """A value for each element.

    Args:
        op: ``load`` a leaf, ``gather`` from a leaf (its last stride counts what args[0] says), ``iota``: the offset of
            a leaf as a number, ``const``, or a name of FUNCTIONS.
        shape: of the elements.
        dtype: NumPy's name of what the array code takes it for.
    """

    op: str
    shape: Shape
    dtype: str
    args: tuple[Expr, ...] = ()
    leaf: Leaf | None = None
    value: float = 0.0


class Function(NamedTuple):
    """What a function is in both languages."""

    numpy: Callable[..., Any]
    text: str
    truth: bool = False


def _each(function: Callable[[float], float]) -> Callable[..., Any]:
    """A function of one number for arrays; not a number where it has no value."""

    def value(x: float) -> float:
        try:
            return function(x)
        except (ValueError, OverflowError):
            return math.nan

    return np.vectorize(value, otypes=[np.float64])


def _erfinv(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else NormalDist().inv_cdf((x + 1) / 2) / math.sqrt(2)


WHOLE = ("add", "subtract", "multiply", "maximum", "minimum", "remainder")
"""Functions that make whole numbers of whole numbers."""

FUNCTIONS: dict[str, Function] = {
    "add": Function(np.add, "{0} + {1}"),
    "subtract": Function(np.subtract, "{0} - {1}"),
    "multiply": Function(np.multiply, "{0} * {1}"),
    "divide": Function(np.divide, "{0} / {1}"),
    "power": Function(np.power, "powf({0}, {1})"),
    "maximum": Function(np.maximum, "({0} > {1} || {0} != {0}) ? {0} : {1}"),
    "minimum": Function(np.minimum, "({0} < {1} || {0} != {0}) ? {0} : {1}"),
    "remainder": Function(np.remainder, "{0} - {1} * floorf({0} / {1})"),
    "logaddexp": Function(np.logaddexp, "log_add_exp({0}, {1})"),
    "arctan2": Function(np.arctan2, "atan2f({0}, {1})"),
    "negative": Function(np.negative, "-{0}"),
    "abs": Function(np.abs, "fabsf({0})"),
    "sign": Function(np.sign, "{0} != {0} ? {0} : (float)({0} > 0) - (float)({0} < 0)"),
    "square": Function(np.square, "{0} * {0}"),
    "sqrt": Function(np.sqrt, "sqrtf({0})"),
    "reciprocal": Function(lambda x: np.divide(1, x), "1.0f / {0}"),
    "exp": Function(np.exp, "expf({0})"),
    "expm1": Function(np.expm1, "expm1f({0})"),
    "log": Function(np.log, "logf({0})"),
    "log1p": Function(np.log1p, "log1pf({0})"),
    "tanh": Function(np.tanh, "tanhf({0})"),
    "sin": Function(np.sin, "sinf({0})"),
    "cos": Function(np.cos, "cosf({0})"),
    "arcsin": Function(np.arcsin, "asinf({0})"),
    "arccos": Function(np.arccos, "acosf({0})"),
    "tan": Function(np.tan, "tanf({0})"),
    "arctan": Function(np.arctan, "atanf({0})"),
    "sinh": Function(np.sinh, "sinhf({0})"),
    "cosh": Function(np.cosh, "coshf({0})"),
    "arcsinh": Function(np.arcsinh, "asinhf({0})"),
    "arccosh": Function(np.arccosh, "acoshf({0})"),
    "arctanh": Function(np.arctanh, "atanhf({0})"),
    "hypot": Function(np.hypot, "hypotf({0}, {1})"),
    "cbrt": Function(np.cbrt, "cbrtf({0})"),
    "log2": Function(np.log2, "log2f({0})"),
    "log10": Function(np.log10, "log10f({0})"),
    "erf": Function(_each(math.erf), "erff({0})"),
    "erfinv": Function(_each(_erfinv), "erfinvf({0})"),
    "gamma": Function(_each(math.gamma), "tgammaf({0})"),
    "gammaln": Function(_each(math.lgamma), "lgammaf({0})"),
    "floor": Function(np.floor, "floorf({0})"),
    "ceil": Function(np.ceil, "ceilf({0})"),
    "trunc": Function(np.trunc, "truncf({0})"),
    "rint": Function(np.rint, "rintf({0})"),
    "greater": Function(np.greater, "(float)({0} > {1})", True),
    "greater_equal": Function(np.greater_equal, "(float)({0} >= {1})", True),
    "less": Function(np.less, "(float)({0} < {1})", True),
    "less_equal": Function(np.less_equal, "(float)({0} <= {1})", True),
    "equal": Function(np.equal, "(float)({0} == {1})", True),
    "not_equal": Function(np.not_equal, "(float)({0} != {1})", True),
    "isnan": Function(np.isnan, "(float)({0} != {0})", True),
    "isfinite": Function(np.isfinite, "(float)({0} - {0} == 0)", True),
    "logical_and": Function(np.logical_and, "(float)({0} != 0 && {1} != 0)", True),
    "logical_or": Function(np.logical_or, "(float)({0} != 0 || {1} != 0)", True),
    "logical_xor": Function(np.logical_xor, "(float)(({0} != 0) != ({1} != 0))", True),
    "logical_not": Function(np.logical_not, "(float)({0} == 0)", True),
    "truth": Function(lambda x: x != 0, "(float)({0} != 0)", True),
    "where": Function(lambda c, a, b: np.where(c != 0, a, b), "{0} != 0 ? {1} : {2}"),
}  # fmt: skip


class Reduction(NamedTuple):
    """What a reduction is in both languages; a functor with `neutral`."""

    numpy: Callable[..., Any]
    functor: str
    neutral: str


REDUCTIONS = {
    "sum": Reduction(np.sum, "Sum", "0.0f"),
    "max": Reduction(np.max, "Max", "-INFINITE"),
    "min": Reduction(np.min, "Min", "INFINITE"),
    "prod": Reduction(np.prod, "Product", "1.0f"),
}


def const(value: float) -> Expr:
    """A number."""
    return Expr("const", (), "float32", value=float(value))


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that these have together."""
    return tuple(int(d) for d in np.broadcast_shapes(*shapes))


def apply(op: str, *args: Expr) -> Expr:
    """A function of elements that broadcast."""
    f = FUNCTIONS[op]
    kinds = {np.dtype(a.dtype).kind for a in args if a.op != "const"}
    whole = kinds and kinds <= {"i", "u", "b"} and op in WHOLE
    dtype = "bool" if f.truth else "int64" if whole and all(float(a.value).is_integer() for a in args) else "float32"
    return Expr(op, broadcast_shapes(*(a.shape for a in args)), dtype, args)


Axes = Callable[[int, tuple[int, ...]], tuple[int, tuple[int, ...]]]
"""(offset, strides) of a leaf over the old shape -> those over the new one."""


class Views:
    """Views of expressions, so that what is shared stays shared."""

    def __init__(self) -> None:
        self._wide: dict[tuple[int, Shape], Expr] = {}
        self._kept: list[Expr] = []

    def broadcast(self, e: Expr, shape: Shape) -> Expr:
        """The expression over a larger shape."""
        if e.shape == shape:
            return e
        key = (id(e), shape)
        if key not in self._wide:
            self._kept.append(e)
            lost = len(shape) - len(e.shape)
            sizes = e.shape

            def wide(offset: int, strides: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
                mine = tuple(0 if n == 1 else s for n, s in zip(sizes, strides, strict=True))
                return offset, (0,) * lost + mine

            args = tuple(self.broadcast(a, shape) for a in e.args)
            self._wide[key] = Expr(e.op, shape, e.dtype, args, _moved(e, wide), e.value)
        return self._wide[key]

    def whole(self, e: Expr, shape: Shape) -> Expr:
        """The expression over a larger shape, every leaf with a stride for each axis."""
        return self.view(self.broadcast(e, shape), shape, lambda offset, strides: (offset, strides))

    def view(self, e: Expr, shape: Shape, axes: Axes) -> Expr:
        """The expression with its elements seen otherwise."""
        done: dict[int, Expr] = {}

        def change(x: Expr) -> Expr:
            if id(x) not in done:
                args = tuple(change(self.broadcast(a, e.shape)) for a in x.args)
                done[id(x)] = Expr(x.op, shape, x.dtype, args, _moved(x, axes), x.value)
            return done[id(x)]

        return change(e)


def _moved(e: Expr, axes: Axes) -> Leaf | None:
    """The leaf of an expression over other axes. The last stride of a gather counts no axis."""
    if e.leaf is None:
        return None
    extra = e.leaf.strides[len(e.shape) :]
    offset, strides = axes(e.leaf.offset, e.leaf.strides[: len(e.shape)])
    return e.leaf._replace(offset=offset, strides=(*strides, *extra))


def evaluate(e: Expr, buffers: Sequence[Any]) -> Any:
    """The values by NumPy, in the precision of the buffers: what the generated code must compute.

    Args:
        buffers: a flat array per slot.
    """
    done: dict[int, Any] = {}

    def value(x: Expr) -> Any:
        if id(x) not in done:
            done[id(x)] = _value(x, [value(a) for a in x.args], buffers)
        return done[id(x)]

    return np.broadcast_to(value(e), e.shape)


def _value(x: Expr, args: list[Any], buffers: Sequence[Any]) -> Any:
    if x.op == "const" or x.leaf is None:
        return x.value if x.op == "const" else FUNCTIONS[x.op].numpy(*args)
    places = index_of(x.leaf, x.shape)
    if x.op == "iota":
        return places
    if x.op == "gather":
        places = places + args[0].astype(np.int64) * x.leaf.strides[-1]
    return buffers[x.leaf.slot][places]


def index_of(leaf: Leaf, shape: Shape) -> Any:
    """The place of every element in the buffer."""
    places = np.full(shape, leaf.offset, np.int64)
    for axis, (n, s) in enumerate(zip(shape, leaf.strides, strict=False)):
        places += (np.arange(n) * s).reshape(-1, *(1,) * (len(shape) - axis - 1))
    return places
