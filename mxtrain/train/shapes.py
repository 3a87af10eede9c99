"""Shapes that the net does not tell: of parameters that MXNet's Gluon leaves open, and only their arrays know.

Source: MXNet's Module and SymbolBlock, which bind a symbol with the shapes of its .params file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mxtrain.base.errors import ConfigError, ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType, merge
from mxtrain.config.tree import Tree
from mxtrain.formats.attr_text import attr_text
from mxtrain.graph import Entry, Node, topological
from mxtrain.passes.infer import infer_partial
from mxtrain.symbol.compose import substitute
from mxtrain.symbol.variables import declared
from mxtrain.train.initial import WEIGHTS


def with_shapes(
    heads: tuple[Entry, ...], types: Mapping[str, TensorType], tree: Tree, arrays: Callable[[], Mapping[str, Any]]
) -> tuple[Entry, ...]:
    """The same heads, the parameters typed whose shapes do not follow from the inputs.

    They follow from what the symbol says in part (``__shape__`` (80, 0)), or are those of arrays of the same names.
    The shape becomes their ``__shape__``, so that checkpoints carry it.

    Args:
        types: of the inputs.
        arrays: reads what the run starts from; asked only if something is missing.

    Raises:
        ConfigError: naming the parameters of which nothing tells the shape, or arrays that do not fit.
        ShapeError: if types contradict each other.
    """
    known = {n: PartialType(t.shape, t.dtype) for n, t in types.items()}
    learnt = [n for n in topological(heads) if n.op is None and n.kind in ("parameter", "auxiliary")]
    found, _ = infer_partial(heads, known)
    missing = [n for n in learnt if found[Entry(n)].known_shape is None]
    if not missing:
        return heads
    known |= {n.name: declared(n) for n in missing}
    found, _ = infer_partial(heads, known)
    if unknown := [n for n in missing if found[Entry(n)].known_shape is None]:
        known |= _given(unknown, arrays(), known, tree)
        found, _ = infer_partial(heads, known)
    new: dict[Node, Node] = {}
    for n in missing:
        shape = found[Entry(n)].known_shape
        if shape is not None:
            dtype = declared(n).dtype or "float32"
            new[n] = replace(n, types=(TensorType(shape, dtype),), attrs={**n.attrs, "__shape__": attr_text(shape)})
    return substitute(heads, new)


def _given(
    nodes: list[Node], arrays: Mapping[str, Any], known: Mapping[str, PartialType], tree: Tree
) -> dict[str, PartialType]:
    """What arrays say of the nodes' types."""
    lacking = [n.name for n in nodes if n.name not in arrays]
    if lacking:
        listed = ", ".join(map(repr, lacking[:8]))
        how = "the file has no such arrays" if arrays else "give the arrays of the trained net, start: {weights: FILE}"
        text = f"nothing tells the shape of {listed}: it follows neither from the input nor from the symbol; {how}"
        raise ConfigError(tree.problem(WEIGHTS if arrays else ("net",), text))
    problems, found = [], {}
    for n in nodes:
        shape = PartialType(tuple(arrays[n.name].shape))
        try:
            found[n.name] = merge(known.get(n.name, UNKNOWN), shape)
        except ShapeError:
            problems.append(tree.problem(WEIGHTS, f"{n.name!r} is {shape} there, but {known[n.name]} in the symbol"))
    if problems:
        raise ConfigError(problems)
    return found
