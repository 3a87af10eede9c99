"""A parameter that a layer takes by name, where its shape follows from nothing else.

    - broadcast_add: {name: pos, inputs: {rhs: {shape: [1, 197, width], initializer: {name: normal, sigma: 0.02}}}}

It is called as any other of the layer's parameters, ``pos_rhs`` here. Its shape and initialiser are kept as MXNet's
attributes ``__shape__`` and ``__init__``, so that symbol files carry them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mxtrain.base.errors import ConfigError
from mxtrain.config.tree import Tree, show
from mxtrain.graph import Entry, Node
from mxtrain.symbol.evaluate import BROKEN
from mxtrain.symbol.section import unknown_keys
from mxtrain.symbol.values import Names, resolve
from mxtrain.symbol.variables import variable_attrs

KEYS = ("shape", "initializer")


def learned(at: Tree, name: str, names: Names, problems: list[str]) -> Entry | None:
    """The parameter that the map at `at` declares; None if it cannot be made: then the problems are added.

    Args:
        name: of the parameter.
        names: what expressions may use.
    """
    unknown_keys(at, KEYS, problems)
    missing = [key for key in KEYS if key not in at.data]
    if missing:
        problems.append(at.problem((), f"a parameter needs {' and '.join(map(repr, missing))}", key=True))
        return None
    shape = resolve(at.at(("shape",)), names, problems)
    initializer = _initializer(at.at(("initializer",)), names, problems)
    if shape is BROKEN or initializer is None:
        return None
    if not isinstance(shape, list) or not shape or not all(_is_size(size) for size in shape):
        problems.append(at.problem(("shape",), f"must be a list of whole numbers from 1, got {show(shape)}"))
        return None
    source = str(at.position() or "")
    try:
        attrs = variable_attrs(name, [int(size) for size in shape], None, {"init": initializer})
    except ConfigError as error:
        problems += [at.problem(("shape",), problem) for problem in error.problems]
        return None
    return Entry(Node(None, name, kind="parameter", attrs=attrs, source=source))


def _is_size(size: Any) -> bool:
    """A whole number from 1; a float will do where it is one, as for operators."""
    return isinstance(size, int | float) and not isinstance(size, bool) and size >= 1 and size == int(size)


def _initializer(at: Tree, names: Names, problems: list[str]) -> tuple[str, Mapping[str, Any]] | None:
    """Name and parameters. Whether there is such an initialiser is known where parameters are drawn."""
    data = {"name": at.data} if isinstance(at.data, str) else at.data
    if not isinstance(data, Mapping) or not isinstance(data.get("name"), str):
        problems.append(at.problem((), f"must be the name of an initializer, or {{name: ...}}, got {show(at.data)}"))
        return None
    found = resolve(at if data is at.data else replace(at, data=data), names, problems, text=True)
    if BROKEN in found.values():
        return None
    return found["name"], {key: value for key, value in found.items() if key != "name"}
