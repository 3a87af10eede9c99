"""The net of a config: built, given the types of the data, its heads and labels understood."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.config.tree import Tree
from mxtrain.data.iterator import DataIter
from mxtrain.graph import Entry, topological
from mxtrain.passes import infer_types
from mxtrain.symbol.build import build_net, check_heads
from mxtrain.symbol.compose import settled
from mxtrain.symbol.variables import with_declared
from mxtrain.train.feeder import Classes
from mxtrain.train.shipped import net_folders

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """An output of the net.

    Args:
        name: of its node.
        label: variable of its label, or None.
        classes: number of classes if the label is a class, else None.
        loss: whether it adds to the loss.
        ignored: label that is no class and is meant so, or None.
        kept: the loss reads all of the label as it is given, in whatever axes.
    """

    name: str
    label: str | None
    classes: int | None
    loss: bool = False
    ignored: float | None = None
    kept: bool = True


def read_net(tree: Tree, where: Path) -> tuple[Entry, ...]:
    """The heads of the net section.

    Raises:
        ConfigError: with every problem, each at its line; or if no head is a loss, so that nothing could be trained,
            although the config trains.
    """
    symbol = build_net(tree.at(("net",)), search=net_folders(where))
    if tree.data.get("epochs") != 0:
        check_heads(symbol)
    return with_declared(settled(symbol.entries))


def inputs_of(heads: tuple[Entry, ...]) -> list[str]:
    """Names of the input variables, labels included."""
    return [n.name for n in topological(heads) if n.op is None and n.kind == "input"]


def find_heads(heads: tuple[Entry, ...], types: Mapping[str, TensorType]) -> list[Head]:
    """What the outputs of the net are, on inputs of these types."""
    g = infer_types(heads, types)
    found = []
    for e in g.outputs:
        labels = [x for x, name in zip(e.node.inputs, e.node.input_names, strict=True) if name == "label"]
        loss = e.node.op is not None and e.node.op.loss is not None
        label = _variable(labels[0]) if labels and loss else None
        classes, ignored, kept = None, None, True
        if label is not None:
            # As many values as labels: numbers to come near to. More: a score for each class.
            scores = e.type.size // max(labels[0].type.size, 1)
            classes = scores if scores > 1 else None
            ignored = e.node.params.ignore_label if getattr(e.node.params, "use_ignore", False) else None
            kept = _kept(labels[0])
        found.append(Head(e.node.name, label, classes, loss, ignored, kept))
    return found


def _variable(label: Entry) -> str | None:
    """The one input that a label is made of, such as by a reshape; None where it is made of none or several."""
    names = inputs_of((label,))
    return names[0] if len(names) == 1 else None


def _kept(label: Entry) -> bool:
    """True if the label has all the values of the one input that it is made of, and no others."""
    source = label
    while source.node.op is not None:
        if source.node.op.pointwise or len(source.node.inputs) != 1:
            return False
        (source,) = source.node.inputs
    return source.type.size == label.type.size


def check_parts(heads: tuple[Entry, ...], parts: int, tree: Tree) -> None:
    """A loss that divides by the samples it sees does not add up over the parts of a batch.

    Raises:
        ConfigError: if there is one, and more than one part.
    """
    for e in heads if parts > 1 else ():
        how = getattr(e.node.params, "normalization", "null")
        if e.node.op is not None and e.node.op.loss is not None and how != "null":
            text = (
                f"{parts} parts: {e.node.name!r} divides its gradient by what it sees (normalization {how}), so the "
                f"sum over the parts would be about {parts} times that of the batch; use normalization 'null' (the "
                "update divides by the batch_size), or grad_accum: 1"
            )
            raise ConfigError(tree.problem(("grad_accum",), text))


def label_classes(heads: Sequence[Head]) -> dict[str, Classes]:
    """Which labels are classes as they are given, by the net's name of the label."""
    return {h.label: Classes(h.classes, h.ignored) for h in heads if h.label and h.classes and h.kept}


def label_names(heads: tuple[Entry, ...], it: DataIter, tree: Tree) -> dict[str, str]:
    """What the data calls a label -> what the net calls it.

    Raises:
        ConfigError: if the net asks for inputs that the data does not give.
    """
    needed = [n for n in inputs_of(heads) if n not in it.net_types.inputs]
    given = list(it.net_types.labels)
    if len(needed) == 1 and len(given) == 1:
        return {given[0]: needed[0]}
    missing = [n for n in needed if n not in given]
    if missing:
        have = ", ".join([*it.net_types.inputs, *given])
        text = f"the net reads {', '.join(map(repr, missing))}, but the data gives {have}; name the variables alike"
        raise ConfigError(tree.problem(("net",), text))
    return {n: n for n in needed}


def check_classes(heads: list[Head], names: tuple[str, ...] | None, tree: Tree) -> None:
    """Compare the classes of the data with the width of the net; outputs without a class are said as a warning.

    Raises:
        ConfigError: if the data has more classes than the net has outputs.
    """
    for head in heads:
        if head.classes is None or not names or len(names) == head.classes:
            continue
        shown = f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}"
        outputs = f"the net's head {head.name!r} has {head.classes} outputs"
        text = f"{outputs}, but the data has {len(names)} classes ({shown})"
        if len(names) > head.classes:
            raise ConfigError(tree.problem(("net",), f"{text}; give the last layer {len(names)} outputs"))
        log.warning("%s; outputs without a class: %d", text, head.classes - len(names))
