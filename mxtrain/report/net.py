"""What a net is made of: its layers with what they take and give, its arguments and auxiliary states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import Shape
from mxtrain.formats.ndarray_list import split_name
from mxtrain.graph import Entry, Node
from mxtrain.report.arrays import Item
from mxtrain.symbol.symbol import Symbol


@dataclass(frozen=True)
class Variable:
    """An argument or auxiliary state, or an output."""

    name: str
    kind: str
    shape: Shape | None = None


@dataclass(frozen=True)
class NetLayer:
    """One node.

    Args:
        inputs: names of the nodes that it reads, without its own parameters.
        shape: of its first output, if it is known.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    shape: Shape | None
    parameters: int


@dataclass(frozen=True)
class Net:
    """A net in words."""

    layers: tuple[NetLayer, ...]
    variables: tuple[Variable, ...]
    outputs: tuple[Variable, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "layers": [
                {
                    "name": n.name,
                    "op": n.op,
                    "inputs": list(n.inputs),
                    "shape": _listed(n.shape),
                    "parameters": n.parameters,
                }
                for n in self.layers
            ],
            **{
                key: [{"name": v.name, "shape": _listed(v.shape)} for v in self.variables if v.kind in kinds]
                for key, kinds in (("arguments", ("input", "parameter")), ("auxiliary_states", ("auxiliary",)))
            },
            "outputs": [{"name": v.name, "shape": _listed(v.shape)} for v in self.outputs],
        }


def look(symbol: Symbol, shapes: Mapping[str, Sequence[int]], arrays: Callable[[], Iterable[Item]] = tuple) -> Net:
    """Look at a net.

    Args:
        shapes: of inputs; with none of them, no shape is known.
        arrays: reads those of a trained net, for parameters whose shape nothing else tells.

    Raises:
        ShapeError: naming the layer that does not fit, or the variables whose shape nothing tells.
        ConfigError: for a name that no variable has.
    """
    known = {name: tuple(shape) for name, shape in shapes.items()}
    if known:
        try:
            g = symbol.typed(**known)
        except ShapeError:
            held = {split_name(a.name)[1]: a.shape for a in arrays() if a.name and a.shape}
            if not held:
                raise
            g = symbol.typed(**{n: s for n, s in held.items() if n in symbol.kinds()}, **known)
        nodes, heads = g.nodes, g.outputs
    else:
        nodes, heads = symbol.nodes, symbol.entries
    kinds = symbol.kinds()
    variables = tuple(
        Variable(n.name, kinds[n.name], _shape(Entry(n), known)) for n in nodes if n.op is None and n.name in kinds
    )
    seen: set[str] = set()
    layers = []
    for n in nodes:
        if n.op is not None:
            layers.append(_layer(n, kinds, seen, known))
    return Net(tuple(layers), variables, tuple(Variable(e.name, "output", _shape(e, known)) for e in heads))


def _layer(n: Node, kinds: Mapping[str, str], seen: set[str], known: Mapping[str, Any]) -> NetLayer:
    own = [e for e in n.inputs if e.node.op is None and kinds.get(e.node.name) in ("parameter", "auxiliary")]
    first = [e for e in own if kinds[e.node.name] == "parameter" and e.node.name not in seen]
    seen |= {e.node.name for e in first}
    count = sum(e.type.size for e in first) if known else 0
    inputs = tuple(e.node.name for e in n.inputs if e not in own)
    return NetLayer(n.name, n.op.name if n.op else "", inputs, _shape(Entry(n), known), count)


def _shape(entry: Entry, known: Mapping[str, Any]) -> Shape | None:
    return entry.type.shape if known else None


def _listed(shape: Shape | None) -> list[int] | None:
    return None if shape is None else list(shape)
