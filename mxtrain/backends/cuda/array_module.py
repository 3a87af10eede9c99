"""The array module that traced code is given: NumPy's names over arrays that note down what is done to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mxtrain.backends.cuda.expression import EXACT, FUNCTIONS, IOTA, Expr, Leaf, const
from mxtrain.backends.cuda.trace import Tracer
from mxtrain.backends.cuda.traced import Array, Target, Untraceable
from mxtrain.base.types import Shape

NAMES = {"absolute": "abs", "true_divide": "divide", "mod": "remainder"}
TYPES = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool_")
REDUCE = ("sum", "max", "min", "prod", "mean", "var")


class Function:
    """A function of elements."""

    def __init__(self, tracer: Tracer, name: str) -> None:
        self._tracer, self._name = tracer, name

    def __call__(self, *args: Any, **options: Any) -> Array:
        """Note it down."""
        return self._tracer.call(self._name, *args, **options)

    def __getattr__(self, name: str) -> Any:
        raise Untraceable(f"xp.{self._name}.{name}")


class Module:
    """NumPy's functions, as far as they can be traced."""

    pi, inf, nan, newaxis = math.pi, math.inf, math.nan, None

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def __getattr__(self, name: str) -> Any:
        name = NAMES.get(name, name)
        if name in TYPES:
            return getattr(np, name)
        if name in FUNCTIONS:
            return Function(self._tracer, name)
        if name in REDUCE:
            return lambda a, *args, **options: self._tracer.reduce(name, a, *args, **options)
        raise Untraceable(f"xp.{name}")

    def power(self, base: Any, exponent: Any, out: Array | None = None, **_: Any) -> Array:
        """base ** exponent."""
        return self._tracer.power(base, exponent, out)

    def clip(self, a: Any, low: Any, high: Any, out: Array | None = None) -> Array:
        """Each element brought into [low, high]."""
        raised = self._tracer.call("maximum", a, low) if low is not None else a
        return self._tracer.call("minimum", raised, high, out=out)

    def where(self, condition: Any, a: Any, b: Any) -> Array:
        """a where the condition holds, else b."""
        return self._tracer.call("where", condition, a, b)

    def copyto(self, target: Array, source: Any, casting: str = "same_kind", where: Any = True) -> None:
        """Assign, perhaps only where a condition holds."""
        target.set(source if where is True else self._tracer.call("where", where, source, target))

    def asarray(self, a: Any, dtype: Any = None, **_: Any) -> Any:
        """The array itself."""
        return a if dtype is None or not isinstance(a, Array) else a.astype(dtype)

    ascontiguousarray = asarray

    def broadcast_to(self, a: Array, shape: Sequence[int]) -> Array:
        """The array over a larger shape."""
        return self._tracer.made(self._tracer.views.broadcast(a.expr(), tuple(shape)))

    def moveaxis(self, a: Array, source: int, target: int) -> Array:
        """One axis at another place."""
        order = [k for k in range(a.ndim) if k != source % a.ndim]
        order.insert(target % a.ndim, source % a.ndim)
        return a.transpose(order)

    def transpose(self, a: Array, axes: Any = None) -> Array:
        """Axes in another order."""
        return a.transpose(axes) if axes is not None else a.transpose()

    def reshape(self, a: Array, shape: Any) -> Array:
        """Other axes of as many elements."""
        return a.reshape(shape)

    def expand_dims(self, a: Array, axis: int) -> Array:
        """One axis of 1 more."""
        at = axis % (a.ndim + 1)
        return a.reshape([*a.shape[:at], 1, *a.shape[at:]])

    def full(self, shape: Any, value: Any, dtype: Any = None) -> Array:
        """An array of its own, all alike."""
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        made = Target(self._tracer, size, _plain(dtype))
        made.pending = self._tracer.views.broadcast(const(float(value)), size)
        return Array(self._tracer, size, made.dtype, place=(made, None))

    def empty(self, shape: Any, dtype: Any = None) -> Array:
        """An array of its own. What is not written is 0 here, which costs nothing."""
        return self.full(shape, 0, dtype)

    zeros = empty

    def ones(self, shape: Any, dtype: Any = None) -> Array:
        """An array of ones."""
        return self.full(shape, 1, dtype)

    def empty_like(self, a: Array, **_: Any) -> Array:
        """An array of its own, of the shape of another."""
        return self.full(a.shape, 0, a.dtype)

    zeros_like = empty_like

    def arange(self, stop: int, dtype: Any = None) -> Array:
        """0, 1, 2..."""
        if not isinstance(stop, (int, np.integer)) or stop > EXACT:
            raise Untraceable("arange of what is no small number")
        name = np.dtype(dtype or np.int64).name
        return self._tracer.made(Expr("iota", (int(stop),), name, leaf=Leaf(IOTA, "int64", 0, (1,))))

    def take(self, a: Array, index: Array, axis: int = 0) -> Array:
        """Slices of `a` along an axis. The index must lie within."""
        axis %= a.ndim
        if a.shape[axis] > EXACT:
            raise Untraceable(f"an axis of {a.shape[axis]}")
        leaf, e = a.leaf(), self._tracer.expr(index)
        shape: Shape = (*a.shape[:axis], *e.shape, *a.shape[axis + 1 :])
        before, after = leaf.strides[:axis], leaf.strides[axis + 1 :]
        steps = (*before, *(0,) * len(e.shape), *after, leaf.strides[axis])
        spread = self._tracer.views.view(
            e, (*(1,) * axis, *e.shape, *(1,) * len(after)), lambda o, s: (o, (*(0,) * axis, *s, *(0,) * len(after)))
        )
        gathered = Expr("gather", shape, a.dtype.name, (spread,), leaf._replace(strides=steps))
        return self._tracer.made(gathered)

    @property
    def lib(self) -> Any:
        """numpy.lib.stride_tricks.as_strided, of what lies in memory."""
        tracer = self._tracer

        class Tricks:
            @staticmethod
            def as_strided(a: Array, shape: Sequence[int], steps: Sequence[int]) -> Array:
                leaf = a.leaf()
                seen = leaf._replace(strides=tuple(s // a.itemsize for s in steps))
                return Array(tracer, tuple(shape), a.dtype.name, Expr("load", tuple(shape), a.dtype.name, leaf=seen))

        return type("Lib", (), {"stride_tricks": Tricks})


def _plain(dtype: Any) -> str:
    name = np.dtype(dtype or np.float32).name
    return "float32" if name.startswith("float") else name
