"""One entry of a list of layers: what it applies, its own keys, and the parameters of what it applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mxtrain.config.tree import Path, Tree, show
from mxtrain.formats.mxnet_names import our_name
from mxtrain.ops import REGISTRY
from mxtrain.symbol.compose import nearest
from mxtrain.symbol.section import BRANCHES, RESERVED

WORDS: Mapping[str, str] = {"add": "add_n"}
"""Short names of the language -> operator."""

_OTHERS = {
    "convolution": "conv conv1d conv2d conv3d convolutional", "fully_connected": "fc dense linear innerproduct",
    "batch_norm": "bn batchnorm2d batchnormalization", "flatten": "flat", "concat": "concatenate cat route",
    "pooling": "pool maxpool maxpool2d max_pool max_pooling avgpool avgpool2d avg_pool avg_pooling globalavgpool",
    "softmax_output": "softmaxwithloss cross_entropy crossentropy softmax_loss", "add": "shortcut residual eltwise",
    "activation": "act nonlinearity softrelu softsign", "leaky_relu": "prelu elu selu",
    "deconvolution": "conv_transpose conv2d_transpose",
}  # fmt: skip
_HINTS = {name: ours for ours, names in _OTHERS.items() for name in names.split()}
"""What other tools call a layer -> ours."""


@dataclass(frozen=True)
class Item:
    """One entry.

    Args:
        what: operator, block, or ``branches``.
        tree: its parameters, own keys among them; a list for branches.
        path: where its name stands, from the list's tree.
        named: the name is a key (it has a position as such).
    """

    what: str
    tree: Tree
    path: Path
    named: bool


def read_item(layers: Tree, index: int, blocks: Sequence[str], problems: list[str]) -> Item | None:
    """The entry number `index`, or None: then what is wrong with it is added to `problems`."""
    data = layers.data[index]
    if isinstance(data, str):
        found = _known(layers, Item(data, _empty(layers.at((index,))), (index,), False), blocks, problems)
        if found is not None and data == BRANCHES:
            problems.append(layers.problem((index,), "branches needs its lists of layers"))
            return None
        return found
    if not isinstance(data, Mapping) or not data:
        problems.append(layers.problem((index,), f"a layer is a name or a map NAME: {{...}}, got {show(data)}"))
        return None
    what = next(iter(data))
    if len(data) > 1:
        keys = ", ".join(map(show, data))
        advice = f"; indent the parameters of {show(what)} further" if data[what] is None else ""
        problems.append(
            layers.problem((index,), f"a layer is one name with its parameters, got the keys {keys}{advice}")
        )
        return None
    inner = layers.at((index, what))
    if inner.data is None:
        inner = _empty(inner)
    wanted, must = (
        (list, "the lists of layers of its branches") if what == BRANCHES else (Mapping, "a map of its parameters")
    )
    item = _known(layers, Item(what, inner, (index, what), True), blocks, problems)
    if item is not None and not isinstance(inner.data, wanted):
        problems.append(inner.problem((), f"{what} takes {must}, got {show(inner.data)}"))
        return None
    return item


def _empty(tree: Tree) -> Tree:
    return Tree({}, tree.values, tree.keys, tree.path)


def _known(layers: Tree, item: Item, blocks: Sequence[str], problems: list[str]) -> Item | None:
    what = item.what
    if what == BRANCHES or what in blocks or WORDS.get(what, what) in REGISTRY:
        return item
    problems.append(layers.problem(item.path, unknown(what, blocks), key=item.named))
    return None


def unknown(what: str, blocks: Sequence[str]) -> str:
    """The text for a layer that is neither operator nor block."""
    if what in RESERVED or what == "merge":
        return f"{what!r} is a key of a layer; put it among its parameters"
    ours = our_name(what) or _HINTS.get(what.lower())
    if ours is not None and WORDS.get(ours, ours) in REGISTRY:
        return f"no operator or block {what[:64]!r}; mxtrain calls it {ours!r}"
    return f"no operator or block {what[:64]!r}{nearest(what[:64], [*REGISTRY.names(), *blocks, *WORDS, BRANCHES])}"
