"""Recurrent cells over whole sequences, forward and backward: lstm, gru, and tanh or relu of a sum.

With x the input and h the state before, each gate g being a_g = Wx_g x + bx_g + Wh_g h + bh_g:

    lstm: i, f, o = sigmoid(a), g = tanh(a); c = f c' + i g; h = o tanh(c)         gates in the order i f g o
    gru:  r, z = sigmoid(a); n = tanh(Wx_n x + bx_n + r (Wh_n h' + bh_n)); h = (1 - z) n + z h'      order r z n
    rnn:  h = tanh(a) or relu(a)

T steps, N samples, C inputs, H units, G gates. What the backward needs of a cell is one array (T, N, K H): its gates,
then c (lstm) or Wh_n h' + bh_n (gru), then h; of rnn only h.

Source: the RNN operator of MXNet 1.9.1, whose gates and order are cuDNN's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
KEPT = {"lstm": 6, "gru": 5, "rnn_tanh": 1, "rnn_relu": 1}


class Cell(NamedTuple):
    """Which cell, whether it reads from the last step to the first, and the array module."""

    mode: str
    backwards: bool
    xp: Any


class Weights(NamedTuple):
    """Of one cell: x (G H, C), h (G H, H), bx (G H,), bh (G H,)."""

    x: Any
    h: Any
    bx: Any
    bh: Any


class Grown(NamedTuple):
    """Gradients towards what a cell reads: x (T, N, C), h and c (N, H) before the first step, its weights."""

    x: Any
    h: Any
    c: Any
    weights: Weights


def steps(count: int, backwards: bool) -> Iterator[tuple[int, int | None]]:
    """(step, the step before it or None) in the order in which a direction takes them."""
    for k in range(count):
        t = count - 1 - k if backwards else k
        yield t, None if k == 0 else t + 1 if backwards else t - 1


def sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def forward(cell: Cell, w: Weights, x: Any, h: Any, c: Any, kept: Any) -> tuple[Any, Any]:
    """Fill `kept`; the last (h, c). `h` and `c` are those before the first step; c is None but for lstm."""
    mode, backwards, xp = cell
    units = h.shape[-1]
    gates = GATES[mode] * units
    given = (x.reshape(-1, x.shape[-1]) @ w.x.T + w.bx).reshape(*x.shape[:2], gates)
    for t, _ in steps(x.shape[0], backwards):
        own = h @ w.h.T + w.bh
        if mode == "lstm":
            a = given[t] + own
            i, f, g, o = (a[:, k * units : (k + 1) * units] for k in range(4))
            i, f, g, o = sigmoid(xp, i), sigmoid(xp, f), xp.tanh(g), sigmoid(xp, o)
            c = f * c + i * g
            h = o * xp.tanh(c)
            parts: tuple[Any, ...] = (i, f, g, o, c, h)
        elif mode == "gru":
            r = sigmoid(xp, given[t, :, :units] + own[:, :units])
            z = sigmoid(xp, given[t, :, units : 2 * units] + own[:, units : 2 * units])
            n = xp.tanh(given[t, :, 2 * units :] + r * own[:, 2 * units :])
            h = (1 - z) * n + z * h
            parts = (r, z, n, own[:, 2 * units :], h)
        else:
            a = given[t] + own
            h = xp.tanh(a) if mode == "rnn_tanh" else xp.maximum(a, 0)
            parts = (h,)
        for k, part in enumerate(parts):
            kept[t, :, k * units : (k + 1) * units] = part
    return h, c


class Taken(NamedTuple):
    """What a cell read and kept: x (T, N, C), h and c (N, H) before the first step, and `kept`."""

    x: Any
    h: Any
    c: Any
    kept: Any


def backward(cell: Cell, w: Weights, taken: Taken, dy: Any, dh: Any, dc: Any) -> Grown:
    """Gradients, from those of all h (T, N, H) and of the last h and c (N, H)."""
    mode, backwards, xp = cell
    x, first, first_c, kept = taken
    units = first.shape[-1]
    size = GATES[mode] * units
    to_x = xp.empty((*x.shape[:2], size), x.dtype)
    to_h = xp.empty_like(to_x) if mode == "gru" else to_x
    before = xp.empty((*x.shape[:2], units), x.dtype)
    for t, last in reversed(list(steps(x.shape[0], backwards))):
        parts = [kept[t, :, k * units : (k + 1) * units] for k in range(KEPT[mode])]
        old = first if last is None else kept[last, :, -units:]
        before[t] = old
        dh = dh + dy[t]
        if mode == "lstm":
            old_c = first_c if last is None else kept[last, :, 4 * units : 5 * units]
            i, f, g, o, c, _ = parts
            squashed = xp.tanh(c)
            dc = dc + dh * o * (1 - squashed * squashed)
            slopes = (dc * g * i * (1 - i), dc * old_c * f * (1 - f), dc * i * (1 - g * g),
                      dh * squashed * o * (1 - o))  # fmt: skip
            dc = dc * f
            to_x[t] = xp.concatenate(slopes, axis=1)
            dh = to_h[t] @ w.h
        elif mode == "gru":
            r, z, n, own, _ = parts
            dn = dh * (1 - z) * (1 - n * n)
            dr, dz = dn * own * r * (1 - r), dh * (old - n) * z * (1 - z)
            to_x[t] = xp.concatenate((dr, dz, dn), axis=1)
            to_h[t] = xp.concatenate((dr, dz, dn * r), axis=1)
            dh = dh * z + to_h[t] @ w.h
        else:
            h = parts[0]
            to_x[t] = dh * (1 - h * h) if mode == "rnn_tanh" else dh * (h > 0)
            dh = to_h[t] @ w.h
    flat_x, flat_h = to_x.reshape(-1, size), to_h.reshape(-1, size)
    grown = Weights(flat_x.T @ x.reshape(-1, x.shape[-1]), flat_h.T @ before.reshape(-1, units),
                    flat_x.sum(axis=0), flat_h.sum(axis=0))  # fmt: skip
    return Grown((flat_x @ w.x).reshape(x.shape), dh, dc, grown)
