"""Which initialiser a parameter gets: by the user's patterns, its variable's own word, or its name, as MXNet 1.9.1."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from mxtrain.base.errors import ConfigError
from mxtrain.base.types import Shape
from mxtrain.config.check import check
from mxtrain.config.component import Chosen
from mxtrain.init._initializer import Stream, Values
from mxtrain.init._registry import REGISTRY

BY_NAME = {
    "bias": "zeros", "beta": "zeros", "moving_mean": "zeros", "running_mean": "zeros", "moving_avg": "zeros",
    "gamma": "ones", "moving_var": "ones", "running_var": "ones",
}  # fmt: skip
"""Ending of a name -> initialiser."""

MXNET = {"zero": "zeros", "one": "ones", "msraprelu": "msra_prelu", "fusedrnn": "fused_rnn", "lstmbias": "lstm_bias"}
"""Names in MXNet's files -> ours, where they differ (by more than capitals)."""

MAX_TEXT = 4096


@dataclass(frozen=True)
class Rule:
    """How all parameters are drawn.

    Args:
        weight: for names that end in ``weight``.
        patterns: (shell pattern of whole names, choice); later ones override earlier ones, and all else.
    """

    weight: Chosen
    patterns: Sequence[tuple[str, Chosen]] = ()


def choose(rule: Rule, name: str, attrs: Mapping[str, str]) -> Chosen:
    """The initialiser of a parameter or auxiliary: the last pattern that matches, the attribute ``__init__`` of its
    variable, or what its name ends in.

    Raises:
        ConfigError: if nothing says how it begins, or the attribute cannot be read.
    """
    for pattern, chosen in reversed(rule.patterns):
        if fnmatchcase(name, pattern):
            return chosen
    text = attrs.get("__init__", "")
    if text:
        return read_mxnet(text, name)
    if name.endswith("weight"):
        return rule.weight
    for ending, initializer in BY_NAME.items():
        if name.endswith(ending):
            return Chosen(initializer, REGISTRY.get(initializer).params())
    endings = ", ".join(("weight", *BY_NAME))
    raise ConfigError(
        f"parameter {name!r}: nothing says how it begins, as its name ends in none of {endings}; "
        f"give it an initializer under initializer.patterns"
    )


def read_mxnet(text: str, name: str) -> Chosen:
    """The initialiser that an attribute ``__init__`` names: ``["Xavier", {"magnitude": 3}]``, or a bare name.

    Raises:
        ConfigError: naming the parameter, if it is neither, or no initialiser here, or its parameters do not fit.
    """
    where = f"parameter {name!r}: __init__ {text[:80]!r}"
    found: Any = [text, {}]
    if text.lstrip()[:1] == "[":
        try:
            found = json.loads(text[: MAX_TEXT + 1])
        except (ValueError, RecursionError):
            raise ConfigError(f'{where} must be a name, or JSON such as ["xavier", {{}}]') from None
    match found:
        case [str(kind), dict(params)]:
            ours = MXNET.get(kind.lower(), kind.lower())
        case _:
            raise ConfigError(f'{where} must be a name, or JSON such as ["xavier", {{}}]')
    if ours not in REGISTRY:
        raise ConfigError(f"{where}: {REGISTRY.unknown(ours[:64])}")
    made, problems = check(REGISTRY.get(ours).params, params)
    if problems:
        raise ConfigError([f"{where}: {'.'.join(map(str, p.path)) or ours}: {p.message}" for p in problems])
    return Chosen(ours, made)


def initial_value(rule: Rule, name: str, shape: Shape, attrs: Mapping[str, str], seed: int) -> Values:
    """The first value of a parameter or auxiliary: float32 of its shape. It depends on no other parameter.

    Args:
        attrs: of its variable.
        seed: of the run.

    Raises:
        ConfigError: if nothing says how it begins, or its initialiser is not made for its shape.
    """
    chosen = choose(rule, name, attrs)
    return REGISTRY.get(chosen.name).draw(chosen.params, shape, Stream(seed, name))
