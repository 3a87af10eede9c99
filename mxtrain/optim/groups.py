"""Groups: parameters that share their multipliers lie together, so that one update runs over all of them at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from mxtrain.base.device import align
from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.base.types import ITEMSIZE, TensorType


@declare
class Multiplier:
    """Multipliers of the parameters whose names match a pattern."""

    match: str = param(min_length=1, doc="names, whole: * stands for any text, ? for one character, [ab] for a or b")
    lr_mult: float | None = param(None, ge=0, doc="times the learning rate; 0 freezes: no gradient, no state")
    wd_mult: float | None = param(None, ge=0, doc="times the weight decay")


class Parameter(NamedTuple):
    """A parameter that could be trained.

    Args:
        name: its name.
        type: its type.
        attrs: of its variable; ``__lr_mult__`` and ``__wd_mult__`` count.
    """

    name: str
    type: TensorType
    attrs: Mapping[str, str] = {}


@dataclass(frozen=True)
class Group:
    """Neighbours in every arena, with the same multipliers.

    Args:
        names: in the order of the net.
        lr_mult: times the learning rate.
        wd_mult: times the weight decay.
        size: float32 elements of their span, gaps included.
        position: of the first one among all that are trained, in the order of the net.
    """

    names: tuple[str, ...]
    lr_mult: float
    wd_mult: float
    size: int
    position: int = 0


@dataclass(frozen=True)
class Groups:
    """How parameters are trained.

    Args:
        groups: in the order in which arenas hold them.
        frozen: names of those that are not trained.
        order: names of those that are, in the order of the net.
        types: of the trained ones, in the order in which arenas hold them.
    """

    groups: tuple[Group, ...]
    frozen: tuple[str, ...]
    order: tuple[str, ...]
    types: Mapping[str, TensorType] = field(default_factory=dict)

    def each(self) -> tuple[Group, ...]:
        """Every array as a group of its own, for rules that work array by array."""
        place = {name: k for k, name in enumerate(self.order)}
        return tuple(
            Group((name,), g.lr_mult, g.wd_mult, span_size([self.types[name]]), place[name])
            for g in self.groups
            for name in g.names
        )


def span_size(types: Sequence[TensorType]) -> int:
    """Elements of a span of float32 arrays, each on cache lines of its own."""
    return sum(align(t.nbytes) for t in types) // ITEMSIZE["float32"]


def make_groups(
    parameters: Sequence[Parameter],
    multipliers: Sequence[Multiplier] = (),
    decays: tuple[str, ...] = ("_weight", "_gamma"),
) -> Groups:
    """Sort parameters into groups.

    A multiplier is that of the last pattern that matches and gives it; else that of the variable's attribute; else 1,
    but for the weight decay of names that end in none of `decays`: 0, as in MXNet.

    Args:
        parameters: in the order of the net.
        multipliers: patterns; later ones override earlier ones.
        decays: endings of names.

    Raises:
        ConfigError: naming every pattern that matches nothing, and every attribute that is no multiplier.
    """
    problems = [
        f"no parameter matches {m.match!r}{_near(m.match, parameters)}"
        for m in multipliers
        if not any(fnmatchcase(p.name, m.match) for p in parameters)
    ]
    members: dict[tuple[float, float], list[Parameter]] = {}
    frozen = []
    for p in parameters:
        found = [m for m in reversed(multipliers) if fnmatchcase(p.name, m.match)]
        lr = next((m.lr_mult for m in found if m.lr_mult is not None), None)
        wd = next((m.wd_mult for m in found if m.wd_mult is not None), None)
        try:
            lr_mult = _attribute(p, "__lr_mult__", 1.0) if lr is None else lr
            wd_mult = _attribute(p, "__wd_mult__", float(p.name.endswith(decays))) if wd is None else wd
        except ConfigError as e:
            problems += e.problems
            continue
        if lr_mult == 0:
            frozen.append(p.name)
        else:
            members.setdefault((lr_mult, wd_mult), []).append(p)
    if problems:
        raise ConfigError(problems)
    order = tuple(p.name for p in parameters if p.name not in frozen)
    groups = tuple(
        Group(tuple(p.name for p in ps), lr, wd, span_size([p.type for p in ps]), order.index(ps[0].name))
        for (lr, wd), ps in members.items()
    )
    types = {p.name: p.type for ps in members.values() for p in ps}
    return Groups(groups, tuple(frozen), order, types)


def _attribute(p: Parameter, key: str, default: float) -> float:
    """The number that an attribute holds."""
    text = p.attrs.get(key)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ConfigError(f"parameter {p.name!r}: {key} must be a number of at least 0, got {text!r}")
    return value


def _near(match: str, parameters: Sequence[Parameter]) -> str:
    near = difflib.get_close_matches(match, [p.name for p in parameters], n=2, cutoff=0.6)
    return f"; near it: {', '.join(near)}" if near else ""
