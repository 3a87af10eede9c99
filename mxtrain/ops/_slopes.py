"""Gradients of functions of two elements, for the operators that take equal shapes and for those that broadcast.

Source: MXNet 1.9.1: where maximum or minimum meets equal elements, the gradient goes to lhs.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import BINARY, NEGATED, SAME, Slope, times


def div_lhs(params: Any, xp: Any, out: Any, dy: Any, rhs: Any) -> None:
    """dlhs = dy / rhs."""
    xp.divide(dy, rhs, out=out)


def div_rhs(params: Any, xp: Any, out: Any, dy: Any, rhs: Any, y: Any) -> None:
    """drhs = -dy * output / rhs."""
    xp.multiply(dy, y, out=out)
    xp.divide(out, rhs, out=out)
    xp.negative(out, out=out)


def power_lhs(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, rhs: Any) -> None:
    """dlhs = dy * rhs * lhs ** (rhs - 1)."""
    xp.multiply(dy, rhs * xp.power(lhs, rhs - 1), out=out)


def power_rhs(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, y: Any) -> None:
    """drhs = dy * output * log(lhs)."""
    xp.multiply(dy, y * xp.log(lhs), out=out)


def where_greater_equal(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, rhs: Any) -> None:
    """dy where lhs >= rhs."""
    xp.multiply(dy, xp.greater_equal(lhs, rhs), out=out)


def where_lesser(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, rhs: Any) -> None:
    """dy where lhs < rhs."""
    xp.multiply(dy, xp.less(lhs, rhs), out=out)


def where_lesser_equal(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, rhs: Any) -> None:
    """dy where lhs <= rhs."""
    xp.multiply(dy, xp.less_equal(lhs, rhs), out=out)


def where_greater(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, rhs: Any) -> None:
    """dy where lhs > rhs."""
    xp.multiply(dy, xp.greater(lhs, rhs), out=out)


def modulo(xp: Any, lhs: Any, rhs: Any) -> Any:
    """What is left of lhs after whole rhs, with the sign of rhs; 0 where rhs is 0, as in MXNet."""
    one = lhs.dtype.type(1)
    return xp.where(rhs == 0, lhs.dtype.type(0), xp.remainder(lhs, xp.where(rhs == 0, one, rhs)))


def mod(params: Any, xp: Any, out: Any, lhs: Any, rhs: Any) -> None:
    """out = lhs modulo rhs."""
    out[...] = modulo(xp, lhs, rhs)


def mod_rhs(params: Any, xp: Any, out: Any, dy: Any, lhs: Any, rhs: Any) -> None:
    """drhs = -dy * floor(lhs / rhs)."""
    xp.multiply(dy, -xp.floor(lhs / rhs), out=out)


def hypot_side(params: Any, xp: Any, out: Any, dy: Any, side: Any, y: Any) -> None:
    """dside = dy * side / output."""
    xp.multiply(dy, side / y, out=out)


ADD = (SAME, SAME)
SUB = (SAME, NEGATED)
MUL = (Slope(times, ("rhs",)), Slope(times, ("lhs",)))
DIV = (Slope(div_lhs, ("rhs",)), Slope(div_rhs, ("rhs", "output"), alias=False))
POWER = (Slope(power_lhs, BINARY), Slope(power_rhs, ("lhs", "output")))
MAXIMUM = (Slope(where_greater_equal, BINARY), Slope(where_lesser, BINARY))
MINIMUM = (Slope(where_lesser_equal, BINARY), Slope(where_greater, BINARY))
MOD = (SAME, Slope(mod_rhs, BINARY))
HYPOT = (Slope(hypot_side, ("lhs", "output")), Slope(hypot_side, ("rhs", "output")))
