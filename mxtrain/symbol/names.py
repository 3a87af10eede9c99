"""Automatic names, counted per net.

A variable opens a scope, an operator takes its names from the scope of its inputs, and joining symbols joins their
scopes. So the first convolution of a net is ``convolution0`` whatever else the program built before, and two branches
of one net never get the same name. Nothing is counted globally.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Scope:
    """Counts the automatic names of one net.

    Args:
        counts: how many automatic names each operator has been given.
        joined: the scope that this one has become part of.
    """

    counts: Counter[str] = field(default_factory=Counter)
    joined: Scope | None = None

    def root(self) -> Scope:
        """The scope that counts for this one."""
        scope = self
        while scope.joined is not None:
            scope = scope.joined
        return scope

    def fresh(self, operator: str) -> str:
        """The next automatic name: OPERATOR0, OPERATOR1..., as MXNet's NameManager."""
        counts = self.root().counts
        counts[operator] += 1
        return f"{operator}{counts[operator] - 1}"


def join(scopes: Iterable[Scope]) -> Scope:
    """One scope for all of them from now on; a new one if there are none. What both have counted goes on above both."""
    roots = list(dict.fromkeys(scope.root() for scope in scopes))
    if not roots:
        return Scope()
    first = roots[0]
    for other in roots[1:]:
        first.counts |= other.counts
        other.joined = first
    return first
