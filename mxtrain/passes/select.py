"""Kernel selection, and the packs that the chosen kernels ask for. It stands before memory planning, because what may
share a buffer, and how large a workspace is, are the kernel's to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import PLAIN, Layout, TensorType
from mxtrain.graph import Entry, Graph, Node, Recipe, Vocabulary, unique


class Selected(NamedTuple):
    """A graph whose every operator has a recipe."""

    graph: Graph
    recipes: dict[Node, Recipe]


def select_kernels(g: Graph, device: Device, *, vocabulary: Vocabulary) -> Selected:
    """Choose a kernel for each node, the first of the device's kernel sets that takes it, and insert packs.

    Raises:
        BackendUnavailable: if no kernel takes a node.
    """
    readers = g.readers
    recipes: dict[Node, Recipe] = {}
    packed: dict[tuple[Entry, Layout, str], Entry] = {}
    fresh = unique(n.name for n in g.nodes)

    def reorder(e: Entry, t: TensorType) -> Entry:
        # A pack of a cast packs what the cast read: a reorder converts both at once.
        if e.node.op is vocabulary.reorder and not e.node.inputs[0].type.layout.opaque:
            e = e.node.inputs[0]
        key = (e, t.layout, t.dtype)
        if key not in packed:
            node = Node(vocabulary.reorder, fresh(f"{e.name}_{t.layout}"), (e,), vocabulary.reorder.params(), (t,))
            recipes[node] = _recipe(node, device)
            packed[key] = Entry(node)
        return packed[key]

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        used = tuple(readers[Entry(node, i)] > 0 for i in range(node.output_count))
        typed = replace(node, inputs=inputs, used=used)
        recipe = _recipe(typed, device)
        ins = list(inputs)
        for i, layout in recipe.takes.items():
            ins[i] = reorder(inputs[i], inputs[i].type._replace(layout=layout))
        types = list(node.types)
        for i, layout in recipe.gives.items():
            size = () if layout.name != "workspace" else (layout.nbytes or 0,)
            types[i] = types[i]._replace(layout=layout, shape=size or types[i].shape)
        chosen = replace(typed, inputs=tuple(ins), types=tuple(types))
        recipes[chosen] = recipe
        outs = []
        for i, t in enumerate(node.types):
            e = Entry(chosen, i)
            hidden = chosen.types[i].layout.name == "workspace"
            outs.append(
                reorder(e, t._replace(layout=t.layout or PLAIN)) if i in recipe.gives and not hidden and used[i] else e
            )
        return outs

    graph = g.rewrite(change)
    return Selected(graph, {n: recipes[n] for n in graph.nodes if n.op is not None})


def _recipe(node: Node, device: Device) -> Recipe:
    if node.op is not None:
        for name in device.kernels:
            kernel = node.op.kernels.get(name)
            recipe = kernel(node, device) if kernel else None
            if recipe is not None:
                return recipe
    raise BackendUnavailable(f"{node.where}: no kernel of {', '.join(device.kernels)} computes it on {device.name}")
