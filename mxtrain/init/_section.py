"""The section of a config file that says how parameters are drawn.

    initializer: {name: xavier, magnitude: 2, patterns: [{match: "fc*", initializer: {name: normal, sigma: 0.01}}]}

In a declared class: ``initializer: Annotated[Chosen, SECTION] = param(Chosen(...), doc=...)``.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from mxtrain.base.params import declare, param
from mxtrain.config.component import Chosen, Component
from mxtrain.init._default import Rule
from mxtrain.init._initializer import Initializer
from mxtrain.init._registry import REGISTRY

ONE = Component(lambda: REGISTRY)


@declare
class Pattern:
    """The initializer of the parameters whose names match a pattern."""

    match: str = param(min_length=1, doc="names, whole: * stands for any text, ? for one character, [ab] for a or b")
    initializer: Annotated[Chosen, ONE] = param(doc="how they are drawn")


@cache
def with_patterns(initializer: Initializer) -> type[Any]:
    """An initialiser's declared class with one parameter more: the patterns of a whole section."""
    body = {
        "__doc__": initializer.params.__doc__,
        "__module__": initializer.params.__module__,
        "__annotations__": {"patterns": tuple[Pattern, ...]},
        "patterns": param((), doc="initializers of other parameters, by name; the last match counts"),
    }
    return declare(type(initializer.params.__name__, (initializer.params,), body))


SECTION = Component(lambda: REGISTRY, with_patterns)
"""Marks a field of a declared class as this section."""


def rule_of(section: Chosen) -> Rule:
    """What a section says."""
    return Rule(section, tuple((p.match, p.initializer) for p in section.params.patterns))
