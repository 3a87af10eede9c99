"""Expr: arithmetic that writes graph nodes, so that an update rule reads like its formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mxtrain import ops
from mxtrain.graph import Entry, Op, apply_node

Number = float | int


@dataclass(frozen=True)
class Expr:
    """A typed entry of a graph that is being built: an array, or a 0-d scalar.

    ``+ - * /`` with another Expr of its shape, with a scalar Expr, or with a Python number make nodes of ordinary
    pointwise operators. What cannot change a value (``* 1``, ``+ 0``) makes none.

    Args:
        entry: the entry.
        fresh: makes names that the graph does not have yet.
    """

    entry: Entry
    fresh: Callable[[str], str]

    @property
    def scalar(self) -> bool:
        """True if it is 0-d."""
        return self.entry.type.shape == ()

    def __add__(self, other: Expr | Number) -> Expr:
        if isinstance(other, Expr):
            return self._two("elemwise_add", "broadcast_add", other)
        return self if other == 0 else self.number("plus_scalar", other)

    def __radd__(self, other: Number) -> Expr:
        return self + other

    def __sub__(self, other: Expr | Number) -> Expr:
        if isinstance(other, Expr):
            return self._two("elemwise_sub", "broadcast_sub", other)
        return self if other == 0 else self.number("minus_scalar", other)

    def __rsub__(self, other: Number) -> Expr:
        return self.number("rminus_scalar", other)

    def __mul__(self, other: Expr | Number) -> Expr:
        if isinstance(other, Expr):
            return self._two("elemwise_mul", "broadcast_mul", other)
        return self if other == 1 else self.number("mul_scalar", other)

    def __rmul__(self, other: Number) -> Expr:
        return self * other

    def __truediv__(self, other: Expr | Number) -> Expr:
        if isinstance(other, Expr):
            return self._two("elemwise_div", "broadcast_div", other)
        return self if other == 1 else self.number("div_scalar", other)

    def __rtruediv__(self, other: Number) -> Expr:
        return self.number("rdiv_scalar", other)

    def number(self, name: str, value: Number) -> Expr:
        """The operator called `name`, whose only parameter is a number, on this."""
        return self.through(name, scalar=float(value))

    def through(self, name: str, **params: float) -> Expr:
        """The operator called `name` on this alone."""
        op = ops.get(name)
        return self._wrap(apply_node(op, self.fresh(name), (self.entry,), op.params(**params))[0])

    def make(self, op: Op, *others: Expr) -> Expr:
        """A node of `op` on this and others."""
        inputs = (self.entry, *(o.entry for o in others))
        return self._wrap(apply_node(op, self.fresh(op.name), inputs, op.params())[0])

    def _two(self, same: str, broadcast: str, other: Expr) -> Expr:
        return self.make(ops.get(broadcast if self.scalar != other.scalar else same), other)

    def _wrap(self, entry: Entry) -> Expr:
        return Expr(entry, self.fresh)


def sqrt(x: Expr) -> Expr:
    """Square root of each element."""
    return x.through("sqrt")


def square(x: Expr) -> Expr:
    """Square of each element."""
    return x.through("square")


def absolute(x: Expr) -> Expr:
    """Magnitude of each element."""
    return x.through("abs")


def sign(x: Expr) -> Expr:
    """-1, 0 or 1 for each element."""
    return x.through("sign")


def clip(x: Expr, bound: float | None) -> Expr:
    """Each element brought into [-bound, bound]; x itself if there is no bound."""
    return x if bound is None else x.through("clip", a_min=-bound, a_max=bound)


def above(x: Expr, value: float) -> Expr:
    """1 where an element is above `value`, else 0."""
    return x.number("greater_scalar", value)


def at_least(x: Expr, value: float | None) -> Expr:
    """The larger of each element and `value`; x itself if there is none."""
    return x if value is None else x.number("maximum_scalar", value)


def at_most(x: Expr, value: float | None) -> Expr:
    """The smaller of each element and `value`; x itself if there is none."""
    return x if value is None else x.number("minimum_scalar", value)
