"""The sums over all ways to lay labels along steps, in logarithms.

The states of a sample are its labels with a blank before, between and after them: S = 2 L + 1. A way begins in one of
the first two, stays or goes on by one at every step, or by two where that leaves out a blank between different labels,
and ends in one of the last two.

Source: Graves et al., "Connectionist temporal classification", 2006, section 4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

NEVER = -1e30
"""The logarithm of a probability of 0, such that sums of it stay finite."""


class Problem(NamedTuple):
    """Scores and labels.

    Args:
        data: (T, N, K) scores.
        label: (N, L) classes.
        durations: (N,) steps that count.
        lengths: (N,) labels that count.
        blank: class of the blank.
    """

    data: Any
    label: Any
    durations: Any
    lengths: Any
    blank: int


class States(NamedTuple):
    """The states of the samples.

    Args:
        classes: (N, S) the class of each.
        skip: (N, S) whether it may follow the one before the last.
        scores: (T, N, S) logarithms of the probabilities.
        log: (T, N, K) likewise, of all classes.
        possible: (N,) whether the labels fit into the steps.
    """

    classes: Any
    skip: Any
    scores: Any
    log: Any
    possible: Any


def states(xp: Any, p: Problem) -> States:
    """What there is to go through."""
    steps, samples, classes = p.data.shape
    count = p.label.shape[1]
    top = p.data.max(axis=2, keepdims=True)
    log = p.data - top - xp.log(xp.exp(p.data - top).sum(axis=2, keepdims=True))
    inside = xp.clip(p.label, 0, classes - 1)
    expanded = xp.full((samples, 2 * count + 1), p.blank, dtype=xp.int64)
    expanded[:, 1::2] = inside
    skip = xp.zeros(expanded.shape, dtype=bool)
    skip[:, 3::2] = inside[:, 1:] != inside[:, :-1]
    places = xp.broadcast_to(expanded[None], (steps, *expanded.shape))
    again = (inside[:, 1:] == inside[:, :-1]) & (xp.arange(1, count)[None, :] < p.lengths[:, None])
    possible = p.lengths + again.sum(axis=1) <= p.durations
    possible &= p.durations > 0
    return States(expanded, skip, xp.take_along_axis(log, places, axis=2), log, possible)


def moved(xp: Any, a: Any, by: int, back: bool = False) -> Any:
    """(N, S) a as seen from `by` states later, or earlier."""
    made = xp.full(a.shape, NEVER, dtype=a.dtype)
    if a.shape[1] > by:
        if back:
            made[:, :-by] = a[:, by:]
        else:
            made[:, by:] = a[:, :-by]
    return made


def advance(xp: Any, a: Any, skip: Any) -> Any:
    """(N, S) the sums over the ways into each state from those before."""
    stay = xp.logaddexp(a, moved(xp, a, 1))
    return xp.where(skip, xp.logaddexp(stay, moved(xp, a, 2)), stay)


def retreat(xp: Any, b: Any, skip: Any) -> Any:
    """(N, S) the sums over the ways on from each state."""
    stay = xp.logaddexp(b, moved(xp, b, 1, back=True))
    two = moved(xp, xp.where(skip, b, NEVER), 2, back=True)
    return xp.logaddexp(stay, two)


def alphas(xp: Any, p: Problem, s: States) -> Any:
    """(T, N, S) the sums over the ways to each state, its own step included; behind the end as at the end."""
    a = xp.full(s.scores.shape, NEVER, dtype=p.data.dtype)
    a[0, :, :2] = s.scores[0, :, :2]
    for t in range(1, a.shape[0]):
        goes_on = (t < p.durations)[:, None]
        a[t] = xp.where(goes_on, xp.maximum(advance(xp, a[t - 1], s.skip) + s.scores[t], NEVER), a[t - 1])
    return a


def ends(xp: Any, p: Problem, shape: tuple[int, ...]) -> Any:
    """(N, S) true in the last two states."""
    place, last = xp.arange(shape[1])[None, :], 2 * p.lengths[:, None]
    return (place == last) | (place == last - 1)


def likelihood(xp: Any, p: Problem, a: Any) -> Any:
    """(N,) the logarithm of the probability of the labels, from the last alphas (N, S)."""
    at_end = xp.where(ends(xp, p, a.shape), a, NEVER)
    top = at_end.max(axis=1)
    return top + xp.log(xp.exp(at_end - top[:, None]).sum(axis=1))


def forward(xp: Any, p: Problem) -> Any:
    """(N,) the loss."""
    s = states(xp, p)
    return xp.where(s.possible, -likelihood(xp, p, alphas(xp, p, s)[-1]), 0.0)


def gradients(xp: Any, p: Problem) -> Any:
    """(T, N, K) the gradient of each sample's loss towards its scores."""
    s = states(xp, p)
    a = alphas(xp, p, s)
    total = likelihood(xp, p, a[-1])[:, None]
    steps, samples, classes = p.data.shape
    lines = xp.arange(samples)[:, None] * classes + s.classes
    grad = xp.zeros(p.data.shape, dtype=p.data.dtype)
    b = xp.where(ends(xp, p, s.classes.shape), 0.0, NEVER).astype(p.data.dtype)
    for t in reversed(range(steps)):
        share = xp.exp(xp.minimum(a[t] + b - total, 0))
        spent = xp.zeros(samples * classes, dtype=p.data.dtype)
        xp.add.at(spent, lines.reshape(-1), share.reshape(-1))
        counts = (s.possible & (t < p.durations))[:, None]
        grad[t] = xp.where(counts, xp.exp(s.log[t]) - spent.reshape(samples, classes), 0)
        before = xp.maximum(retreat(xp, b + s.scores[t], s.skip), NEVER)
        b = xp.where((t < p.durations)[:, None], before, b)
    return grad
