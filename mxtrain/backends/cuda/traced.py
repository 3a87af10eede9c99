"""Arrays that note down what is done to them. What functions do is the tracer's (trace.py); here is how arrays
are seen and assigned to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mxtrain.backends.cuda.expression import Expr, Leaf, apply
from mxtrain.base.types import Shape

FLOATS = ("float32", "bfloat16", "float16")


class Untraceable(Exception):  # noqa: N818 - says what the code is, nothing has failed
    """Array code that cannot be compiled."""


class Target:
    """What is assigned to: an output, or a temporary that gets a slot if it must lie in memory."""

    def __init__(self, tracer: Any, shape: Shape, dtype: str, leaf: Leaf | None = None) -> None:
        self.tracer, self.shape, self.dtype, self.leaf = tracer, shape, dtype, leaf
        self.pending: Expr | None = None

    def flush(self) -> Leaf:
        """Write what is pending; where it lies."""
        if self.leaf is None:
            self.leaf = self.tracer.temporary(self.shape)
        if self.pending is not None:
            value, self.pending = self.pending, None
            self.tracer.assign(self.leaf, value, self.shape)
        return self.leaf

    def read(self) -> Expr:
        """Its value now."""
        if self.pending is not None:
            return self.pending
        return Expr("load", self.shape, self.dtype, leaf=self.flush())


class Array:
    """An array that notes down what is done to it: an expression, or a view of a target."""

    __array_ufunc__ = None

    def __init__(
        self,
        tracer: Any,
        shape: Shape,
        dtype: str,
        value: Expr | None = None,
        place: tuple[Target, Any] | None = None,
    ) -> None:
        self._tracer, self.shape, self._dtype = tracer, tuple(int(d) for d in shape), dtype
        self._value, self._place = value, place

    @property
    def dtype(self) -> Any:
        """As NumPy's; a narrow float counts as float32, in which it is computed."""
        return np.dtype("float32" if self._dtype in FLOATS else self._dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return int(self.dtype.itemsize)

    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes between elements, of what lies in memory."""
        return tuple(s * self.itemsize for s in self.leaf().strides)

    def leaf(self) -> Leaf:
        """Where it lies, after writing it there if need be."""
        if self._place is not None:
            target, axes = self._place
            base = target.flush()
            return base if axes is None else base._replace(**dict(zip(("offset", "strides"), axes(base), strict=True)))
        e = self.expr()
        if e.op == "load" and e.leaf is not None:
            return e.leaf
        target = Target(self._tracer, self.shape, "float32")
        target.pending = e
        self._value, self._place = None, (target, None)
        return target.flush()

    def expr(self) -> Expr:
        """Its value now."""
        if self._value is not None:
            return self._value
        if self._place is None:
            raise Untraceable("an array without a value")
        target, axes = self._place
        if axes is None:
            return target.read()
        return Expr("load", self.shape, self._dtype, leaf=self.leaf())

    def set(self, value: Any) -> None:
        """Assign to all of it."""
        e = self._tracer.views.broadcast(self._tracer.expr(value), self.shape)
        if self._place is None:
            self._value, self._place = None, (Target(self._tracer, self.shape, self._dtype), None)
        target, axes = self._place
        if axes is None:
            target.pending = e
        else:
            self._tracer.assign(self.leaf(), e, self.shape)

    def _seen(self, shape: Shape, axes: Callable[[int, tuple[int, ...]], tuple[int, tuple[int, ...]]]) -> Array:
        """Its elements seen otherwise; a view of a target stays one."""
        shape = tuple(int(d) for d in shape)
        if self._place is None:
            return Array(self._tracer, shape, self._dtype, self._tracer.views.view(self.expr(), shape, axes))
        target, before = self._place

        def both(base: Leaf) -> tuple[int, tuple[int, ...]]:
            return axes(*((base.offset, base.strides) if before is None else before(base)))

        return Array(self._tracer, shape, self._dtype, place=(target, both))

    def transpose(self, *order: Any) -> Array:
        """Axes in another order."""
        given = order[0] if len(order) == 1 and not isinstance(order[0], int) else order
        axes = [int(a) % self.ndim for a in given] if given else list(reversed(range(self.ndim)))
        return self._seen(tuple(self.shape[a] for a in axes), lambda o, s: (o, tuple(s[a] for a in axes)))

    @property
    def T(self) -> Array:  # noqa: N802 - NumPy's name
        """Axes backwards."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Array:
        """Other axes of as many elements; in memory first, if no strides say it."""
        wanted = [
            int(d) for d in (shape[0] if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) else shape)
        ]
        if -1 in wanted:
            rest = math.prod(d for d in wanted if d != -1)
            wanted[wanted.index(-1)] = self.size // rest if rest else 0
        if math.prod(wanted) != self.size:
            raise Untraceable(f"{self.shape} cannot be {tuple(wanted)}")
        old, new = self.shape, tuple(wanted)

        def axes(offset: int, steps: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
            return offset, restrided(old, steps, new)

        try:
            made = self._seen(new, axes)
            if made._place is not None:
                made.leaf()
            return made
        except NoStrides:
            whole = Target(self._tracer, old, self._dtype if self._dtype in FLOATS else "float32")
            whole.pending = self.expr()
            return Array(self._tracer, old, self._dtype, place=(whole, None))._seen(new, axes)

    def squeeze(self, axis: int | tuple[int, ...] | None = None) -> Array:
        """Without axes of 1."""
        chosen = (
            range(self.ndim) if axis is None else [a % self.ndim for a in ((axis,) if isinstance(axis, int) else axis)]
        )
        return self.reshape([d for k, d in enumerate(self.shape) if not (d == 1 and k in chosen)])

    def __getitem__(self, key: Any) -> Array:
        shape, pieces = taken(self.shape, key)

        def axes(offset: int, steps: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
            result = []
            for axis, first, step in pieces:
                if axis is None:
                    result.append(0)
                    continue
                offset += first * steps[axis]
                if step is not None:
                    result.append(steps[axis] * step)
            return offset, tuple(result)

        return self._seen(shape, axes)

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is Ellipsis or (isinstance(key, slice) and key == slice(None)):
            self.set(value)
            return
        place = self[key]
        # ``a[k] += b`` ends with an assignment of what has been assigned already.
        if not (isinstance(value, Array) and value._place is not None and place._place is not None
                and value._place[0] is place._place[0] and value.leaf() == place.leaf()):  # fmt: skip
            place.set(value)

    def astype(self, dtype: Any, **_: Any) -> Array:
        """As another type. Whole numbers are cut off."""
        name = np.dtype(dtype).name
        e = self.expr()
        if name == "bool":
            truth: Array = self._tracer.call("truth", self)
            return truth
        if np.dtype(name).kind in "iu" and self.dtype.kind == "f":
            e = apply("trunc", e)
        name = "float32" if np.dtype(name).kind == "f" else name
        return Array(self._tracer, self.shape, name, Expr(e.op, e.shape, name, e.args, e.leaf, e.value))

    def view(self, dtype: Any) -> Array:
        """The same bits as another type of the same size."""
        name = np.dtype(dtype).name
        if (
            self._dtype in FLOATS
            or np.dtype(self._dtype).itemsize != np.dtype(name).itemsize
            or name.startswith("float")
        ):
            raise Untraceable(f"{self._dtype} seen as {name}")
        made = self._seen(self.shape, lambda o, s: (o, s))
        made._dtype = name
        return made

    def copy(self) -> Array:
        """An array of its own with its value."""
        made = Target(self._tracer, self.shape, self._dtype)
        made.pending = self.expr()
        return Array(self._tracer, self.shape, self._dtype, place=(made, None))

    def __bool__(self) -> bool:
        raise Untraceable("the code asks for a value")

    def __int__(self) -> int:
        raise Untraceable("the code asks for a value")

    def __float__(self) -> float:
        raise Untraceable("the code asks for a value")

    def __iter__(self) -> Any:
        return (self[i] for i in range(self.shape[0]))

    def __len__(self) -> int:
        return self.shape[0]

    def __pow__(self, other: Any) -> Array:
        made: Array = self._tracer.power(self, other)
        return made

    def __mul__(self, other: Any) -> Array:
        made: Array = self._tracer.call("multiply", self, other)
        return made

    def __getattr__(self, name: str) -> Any:
        if name in ("sum", "max", "min", "prod", "mean", "var"):
            return lambda *args, **options: self._tracer.reduce(name, self, *args, **options)
        raise Untraceable(f"array.{name}")


def _operators() -> None:
    """Python's operators, each from the function of its name."""
    both = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "mod": "remainder",
            "and": "logical_and", "or": "logical_or"}  # fmt: skip
    one_way = {
        "gt": "greater",
        "ge": "greater_equal",
        "lt": "less",
        "le": "less_equal",
        "eq": "equal",
        "ne": "not_equal",
    }
    for short, name in {**both, **one_way}.items():
        setattr(Array, f"__{short}__", lambda a, b, f=name: a._tracer.call(f, a, b))
        if short in both:
            setattr(Array, f"__r{short}__", lambda a, b, f=name: a._tracer.call(f, b, a))
            setattr(Array, f"__i{short}__", lambda a, b, f=name: a._tracer.call(f, a, b, out=a))
    for short, name in {"neg": "negative", "abs": "abs", "invert": "logical_not"}.items():
        setattr(Array, f"__{short}__", lambda a, f=name: a._tracer.call(f, a))


class NoStrides(Untraceable):
    """Axes that no strides give."""


def restrided(old: Shape, steps: tuple[int, ...], new: Shape) -> tuple[int, ...]:
    """Strides of the same elements in the same order over other axes.

    Raises:
        NoStrides: if there are none.
    """
    runs: list[list[int]] = []  # [size, stride] of axes that lie together
    for n, s in zip(old, steps, strict=True):
        if n == 1:
            continue
        if runs and runs[-1][1] == n * s:
            runs[-1] = [runs[-1][0] * n, s]
        else:
            runs.append([n, s])
    result: list[int] = []
    for n in reversed(new):
        if n == 1 or 0 in new:
            result.append(0)
            continue
        if not runs or runs[-1][0] % n:
            raise NoStrides(f"{old} cannot be seen as {new}")
        size, step = runs.pop()
        result.append(step)
        if size > n:
            runs.append([size // n, step * n])
    return tuple(reversed(result))


def taken(shape: Shape, key: Any) -> tuple[Shape, list[tuple[int | None, int, int | None]]]:
    """What ``[key]`` takes: the shape, and per piece (axis or None for a new one, first, step or None for an index)."""
    keys = list(key) if isinstance(key, tuple) else [key]
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(shape) - used)
    keys += [slice(None)] * (len(shape) - sum(k is not None for k in keys))
    axis, out = 0, []
    pieces: list[tuple[int | None, int, int | None]] = []
    for k in keys:
        if k is None:
            out.append(1)
            pieces.append((None, 0, None))
            continue
        if isinstance(k, slice):
            first, stop, step = k.indices(shape[axis])
            out.append(len(range(first, stop, step)))
            pieces.append((axis, first if out[-1] else 0, step))
        elif isinstance(k, (int, np.integer)):
            pieces.append((axis, int(k) % max(shape[axis], 1), None))
        else:
            raise Untraceable(f"an index of {type(k).__name__}")
        axis += 1
    return tuple(out), pieces


_operators()
