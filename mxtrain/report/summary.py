"""Summary of a net: layers with shapes, parameters, operations and kernels; memory under each strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mxtrain.executor import uncapturable
from mxtrain.graph import Graph, Node
from mxtrain.passes import Compiled


@dataclass(frozen=True)
class Layer:
    """One line of the summary.

    Args:
        name: of the node.
        op: its operator.
        shape: of its first output.
        parameters: elements of the parameters that it is the first to read.
        flops: floating-point operations of its forward, for the whole batch.
        kernel: what computes it in training; ``in NAME`` if another node absorbed it.
        source: where it was written.
    """

    name: str
    op: str
    shape: tuple[int, ...]
    parameters: int
    flops: int
    kernel: str
    source: str


@dataclass(frozen=True)
class Memory:
    """Bytes under one strategy.

    Args:
        training: of the block that activations and gradients of activations share.
        prediction: likewise.
        packed: of weights in the library's format (training).
        peak: of a process that trains, above one that has only started.
    """

    strategy: str
    training: int
    prediction: int
    packed: int
    peak: int = 0


@dataclass(frozen=True)
class Uncaptured:
    """A node that keeps a step from being one CUDA graph.

    Args:
        kernel: what computes it. The reference's array code allocates, or waits for values.
    """

    name: str
    op: str
    kernel: str


@dataclass(frozen=True)
class Summary:
    """All that `check` says.

    Args:
        layers: in order.
        memory: by strategy.
        parameters: elements of all parameters.
        auxiliaries: elements of all auxiliary states.
        states: bytes of optimizer state.
        batch: samples the figures are for.
        fallbacks: operators of the training plan that no fast kernel computes: operator -> how many nodes.
        uncaptured: nodes that cannot be captured into a CUDA graph; None where no graph is made.
    """

    layers: tuple[Layer, ...]
    memory: tuple[Memory, ...]
    parameters: int
    auxiliaries: int
    states: int
    batch: int
    fallbacks: Mapping[str, int]
    uncaptured: tuple[Uncaptured, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def summarise_layers(g: Graph, training: Compiled) -> tuple[Layer, ...]:
    """The layers of a typed graph, and what computes each in the training plan."""
    kernels: dict[str, str] = {}
    for node, recipe in training.recipes.items():
        for origin in node.origins or (node.name,):
            kernels.setdefault(origin, recipe.name if origin == node.name else f"in {node.name}")
        kernels[node.name] = recipe.name
    seen: set[str] = set()
    layers = []
    for n in g.nodes:
        if n.op is None:
            continue
        own = [e for e in n.inputs if e.node.kind == "parameter" and e.node.name not in seen]
        seen |= {e.node.name for e in own}
        flops = n.op.flops(n) if n.op.flops else n.types[0].size
        layers.append(
            Layer(
                n.name,
                n.op.name,
                n.types[0].shape,
                sum(e.type.size for e in own),
                flops,
                kernels.get(n.name, "not needed"),
                n.source,
            )  # fmt: skip
        )
    return tuple(layers)


def fallbacks(training: Compiled, fast: Sequence[str] = ("onednn", "cuda", "view", "chain")) -> dict[str, int]:
    """Operators that the reference kernels compute, and how many nodes of each."""
    found: dict[str, int] = {}
    for node, recipe in training.recipes.items():
        if not recipe.name.startswith(tuple(fast)) and node.op is not None:
            found[node.op.name] = found.get(node.op.name, 0) + 1
    return found


def uncaptured(plans: Sequence[Compiled]) -> tuple[Uncaptured, ...]:
    """The nodes of some plans that cannot be captured."""
    return tuple(Uncaptured(n.name, n.op.name, p.recipes[n].name) for p in plans for n in uncapturable(p) if n.op)


def sizes(g: Graph, kind: str) -> int:
    """Elements of all variables of a kind."""
    variables: list[Node] = [n for n in g.nodes if n.op is None and n.kind == kind]
    return sum(n.types[0].size for n in variables)
