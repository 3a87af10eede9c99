"""Layers whose images have their channels last, as layers with channels first between two transposes.

Weights keep the axes that they have in files, (F, K..., C/G). MXNet runs such layers on GPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from mxtrain.graph import Entry, Node, Op

LAYOUTS = ("NWC", "NHWC", "NDHWC")
TURNED = ("data", "weight")
"""Inputs that have an axis of channels."""

LAYERS = frozenset({"Convolution", "Deconvolution", "Pooling"})


def layout_of(op: str, attrs: Mapping[str, str]) -> str | None:
    """The layout of a node if its channels come last.

    Args:
        op: MXNet's name of the operator.
        attrs: texts by key.
    """
    layout = attrs.get("layout")
    return layout if op in LAYERS and layout in LAYOUTS else None


def with_channels_last(node: Node, layout: str, transpose: Op, fresh: Callable[[str], str]) -> Node:
    """A node that does to images with channels last what `node` does to images with channels first.

    Args:
        transpose: the operator that puts axes in another order.
        fresh: a name that is not taken yet, from one that may be.
    """
    rank = len(layout)
    first, last = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)

    def turned(e: Entry, name: str, axes: tuple[int, ...]) -> Entry:
        return Entry(Node(transpose, name, (e,), transpose.params(axes=axes)))

    inputs = tuple(
        turned(e, fresh(f"{node.name}_{name}"), first) if name in TURNED else e
        for e, name in zip(node.inputs, node.input_names, strict=True)
    )
    inner = replace(node, name=fresh(f"{node.name}_channels_first"), inputs=inputs)
    return turned(Entry(inner), node.name, last).node
