"""Variables: what is said of them when they are made, kept as MXNet's attributes, and what that tells inference."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mxtrain.base.errors import ConfigError, FormatError
from mxtrain.base.types import ITEMSIZE, UNKNOWN, PartialType, TensorType, merge
from mxtrain.formats.attr_text import attr_text, parse_attr
from mxtrain.formats.ndarray_body import DTYPES
from mxtrain.graph import Entry, Node, topological
from mxtrain.symbol.compose import nearest, substitute

NUMBERS = ("lr_mult", "wd_mult")
SETTINGS = (*NUMBERS, "init")
Known = TensorType | PartialType | Sequence[int | None] | str
"""A type, or the part of it that is known: a shape (None: any size), or the name of a dtype."""


def variable_attrs(
    name: str, shape: Sequence[int | None] | None, dtype: str | None, more: Mapping[str, Any]
) -> dict[str, str]:
    """The attributes of a variable, as MXNet writes them (``__shape__``, ``__lr_mult__``...).

    Raises:
        ConfigError: for a shape, dtype or setting that cannot be.
    """
    where = f"variable {name!r}"
    attrs: dict[str, str] = {}
    if shape is not None:
        partial(shape, where)
        # MXNet's files write 0 where a size is unknown.
        attrs["__shape__"] = attr_text(tuple(0 if size is None else size for size in shape))
    if dtype is not None:
        attrs["__dtype__"] = str(DTYPES.index(_dtype(dtype, where)))
    for key, value in more.items():
        if key in NUMBERS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"{where}: {key} must be a number, got {value!r}")
            attrs[f"__{key}__"] = repr(float(value))
        elif key == "init":
            attrs["__init__"] = value if isinstance(value, str) else json.dumps([value[0], dict(value[1])])
        elif key.startswith("__") and key.endswith("__") and isinstance(value, str):
            attrs[key] = value
        else:
            raise ConfigError(
                f"{where}: no setting {key!r}{nearest(key, SETTINGS)}; MXNet's own attributes are __KEY__ and texts"
            )
    return attrs


def known_types(nodes: Sequence[Node], given: Mapping[str, Known]) -> dict[str, PartialType]:
    """What is known of the variables: by their attributes, and by `given`.

    Raises:
        ConfigError: for a name that no variable has, and for what is no type; ShapeError if the two disagree.
    """
    variables = {n.name: n for n in nodes if n.op is None}
    problems = [f"no variable {name!r}{nearest(name, list(variables))}" for name in given if name not in variables]
    if problems:
        raise ConfigError(problems)
    known = {}
    for name, node in variables.items():
        said = declared(node)
        if name in given:
            said = merge(said, partial(given[name], f"variable {name!r}"))
        if said != UNKNOWN:
            known[name] = said
    return known


def declared(node: Node) -> PartialType:
    """What the attributes of a variable say of its type. What cannot be read says nothing."""
    shape: Any = None
    try:
        shape = parse_attr(node.attrs.get("__shape__", "None"))
        number = parse_attr(node.attrs.get("__dtype__", "None"))
    except FormatError:
        return UNKNOWN
    dtype = DTYPES[number] if isinstance(number, int) and 0 <= number < len(DTYPES) else None
    if not isinstance(shape, tuple) or not all(isinstance(size, int) for size in shape):
        return PartialType(None, dtype)
    # In MXNet's files 0 and -1 stand for what is unknown; () for a shape of which nothing is.
    return PartialType(tuple(size if size > 0 else None for size in shape) or None, dtype)


def with_declared(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same entries, the parameters typed whose attributes say their whole shape: inference then takes it as known.

    Inputs are left alone: what a file says of them is the batch that it was written with.
    """
    new: dict[Node, Node] = {}
    for node in topological(entries):
        if node.op is None and node.kind in ("parameter", "auxiliary"):
            said = declared(node)
            if said.known_shape is not None:
                new[node] = replace(node, types=(TensorType(said.known_shape, said.dtype or "float32"),))
    return substitute(entries, new)


def partial(value: Known, where: str) -> PartialType:
    """What is known, as a partial type.

    Raises:
        ConfigError: if it is neither a type, a shape nor a dtype.
    """
    if isinstance(value, PartialType):
        return value
    if isinstance(value, TensorType):
        return PartialType(value.shape, value.dtype)
    if isinstance(value, str):
        return PartialType(None, _dtype(value, where))
    sizes = tuple(value) if isinstance(value, list | tuple) else None
    if sizes is None or not all(
        s is None or (isinstance(s, int) and not isinstance(s, bool) and s >= 0) for s in sizes
    ):
        raise ConfigError(f"{where}: a shape is a tuple of whole numbers >= 0 (None: unknown), got {value!r}")
    return PartialType(sizes)


def _dtype(value: str, where: str) -> str:
    if value not in ITEMSIZE:
        raise ConfigError(f"{where}: no dtype {value!r}{nearest(value, list(ITEMSIZE))}")
    return value
