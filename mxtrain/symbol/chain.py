"""Lists of layers turned into nodes: each entry takes what the one before it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mxtrain.base.errors import ConfigError
from mxtrain.config.fill import fill
from mxtrain.config.tree import Path, Tree, show
from mxtrain.formats.symbol_graph import ROLES
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops import REGISTRY
from mxtrain.symbol.compose import RANDOM_STATE, Applied, compose, nearest
from mxtrain.symbol.evaluate import BROKEN, truth
from mxtrain.symbol.expression import ExpressionError
from mxtrain.symbol.item import WORDS, Item, read_item
from mxtrain.symbol.learned import learned
from mxtrain.symbol.section import BRANCHES, NAME, RESERVED, Block, arguments, layers_of, read_let
from mxtrain.symbol.values import Names, fault, resolve, resolve_params

MAX_LAYERS = 20_000
MAX_REPEAT = 10_000
MAX_NESTING = 20
Entries = tuple[Entry, ...]
UNKNOWN: Entries = (Entry(Node(None, "?", kind="input")),)
"""Stands for the result of a layer that could not be made, so that the others are checked all the same."""


class TooLarge(ConfigError):  # noqa: N818 - reads as the sentence it is
    """A net that is not worth building on."""


class Made(NamedTuple):
    """A node and where its layer stands."""

    node: Node
    tree: Tree
    path: Path
    key: bool


@dataclass
class Build:
    """What one build gathers: problems, nodes in the order they were made, and how many layers were tried."""

    problems: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    tried: int = 0


@dataclass(frozen=True)
class Frame:
    """One list of layers and the branches in it: the net itself, or one use of a block.

    Args:
        build: gathers what happens.
        blocks: by name.
        values: parameters and values of the whole net, which blocks see too.
        prefix: of the names of its nodes.
        known: results by name.
        counts: automatic names given.
        above: blocks inside which it stands.
    """

    build: Build
    blocks: Mapping[str, Block]
    values: Names
    prefix: str = ""
    known: dict[str, Entries] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    above: tuple[str, ...] = ()


def run_chain(frame: Frame, layers: Tree, current: Entries, names: Names) -> Entries:
    """What the last layer of a list gives; `current` if the list is empty.

    Args:
        current: what the first layer takes.
        names: what expressions may use.
    """
    problems = frame.build.problems
    pending: Item | None = None
    for index in range(len(layers.data)):
        item = read_item(layers, index, list(frame.blocks), problems)
        if item is None:
            current, pending = UNKNOWN, None
        elif item.what == BRANCHES:
            _refuse_pending(layers, pending, problems)
            current, pending = _branches(frame, item, current, names), item
        else:
            current, pending = _repeated(frame, layers, item, current, names), None
    _refuse_pending(layers, pending, problems)
    return current


def _refuse_pending(layers: Tree, pending: Item | None, problems: list[str]) -> None:
    if pending is not None:
        message = "branches must be followed by the layer that takes all results, such as concat or add"
        problems.append(layers.problem(pending.path, message, key=True))


def _branches(frame: Frame, item: Item, current: Entries, names: Names) -> Entries:
    problems = frame.build.problems
    results: list[Entry] = []
    if len(item.tree.data) < 2:
        problems.append(item.tree.problem((), f"must be at least two lists of layers, got {len(item.tree.data)}"))
    for i, chain in enumerate(item.tree.data):
        _count(frame, item)
        branch = item.tree.at((i,))
        if not isinstance(chain, list):
            advice = "; put it in [...]" if isinstance(chain, Mapping | str) else "; [] passes on what comes in"
            problems.append(branch.problem((), f"a branch is a list of layers, got {show(chain)}{advice}"))
            results += UNKNOWN
            continue
        given = run_chain(frame, branch, current, names)
        if len(given) > 1:
            problems.append(branch.problem((), f"a branch must give one result, this one gives {len(given)}"))
        results.append(given[0])
    return tuple(results) or UNKNOWN


def _repeated(frame: Frame, layers: Tree, item: Item, current: Entries, names: Names) -> Entries:
    """One entry, as often as it says, where its condition holds."""
    if "repeat" not in item.tree.data:
        return _conditional(frame, layers, item, current, names)
    at = item.tree.at(("repeat",))
    problems = frame.build.problems
    count = resolve(at, names, problems)
    whole = isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MAX_REPEAT
    if not whole:
        if count is not BROKEN:
            problems.append(at.problem((), f"must be a whole number from 0 to {MAX_REPEAT}, got {show(count)}"))
        return UNKNOWN
    for index in range(count):
        current = _conditional(frame, layers, item, current, {**names, "index": index})
    return current


def _conditional(frame: Frame, layers: Tree, item: Item, current: Entries, names: Names) -> Entries:
    _count(frame, item)
    if "when" in item.tree.data:
        at = item.tree.at(("when",))
        value = resolve(at, names, frame.build.problems)
        if value is BROKEN:
            return UNKNOWN
        try:
            if not truth(value):
                return current
        except ExpressionError as error:
            frame.build.problems.append(fault(at, error))
            return UNKNOWN
    inputs = _from(frame, item, current, names)
    name = _name(frame, item, names)
    if item.what in frame.blocks:
        result = _block(frame, item, name, inputs, names)
    else:
        result = _operator(frame, layers, item, (name, inputs), names)
    frame.known[name] = result
    return result


def _count(frame: Frame, item: Item) -> None:
    frame.build.tried += 1
    if frame.build.tried > MAX_LAYERS:
        raise TooLarge(item.tree.problem((), f"a net of more than {MAX_LAYERS} layers"))


def _name(frame: Frame, item: Item, names: Names) -> str:
    """The layer's own name, without its block's: given, or the next automatic one."""
    problems = frame.build.problems
    if "name" in item.tree.data:
        at = item.tree.at(("name",))
        name = resolve(at, names, problems, text=True) if isinstance(at.data, str) else at.data
        if isinstance(name, str) and NAME.fullmatch(name) and name not in frame.known:
            return name
        if isinstance(name, str) and name in frame.known:
            advice = '; name it by its ${index}, such as "unit${index}"' if "repeat" in item.tree.data else ""
            problems.append(at.problem((), f"there is a {show(name)} already{advice}"))
        elif name is not BROKEN:
            problems.append(
                at.problem((), f"must be letters, digits, '_' and '-', the first a letter, got {show(name)}")
            )
    while True:
        frame.counts[item.what] += 1
        name = f"{WORDS.get(item.what, item.what)}{frame.counts[item.what] - 1}"
        if name not in frame.known:
            return name


def _from(frame: Frame, item: Item, current: Entries, names: Names) -> Entries:
    """What the layer takes by place."""
    if "from" not in item.tree.data:
        return current
    at = item.tree.at(("from",))
    if isinstance(at.data, list) and at.data:
        return tuple(e for i in range(len(at.data)) for e in find(frame, at.at((i,)), names))
    return find(frame, at, names)


def find(frame: Frame, at: Tree, names: Names) -> Entries:
    """The results that a name in the YAML means: all of a layer's, or with ``.N`` one of them."""
    problems = frame.build.problems
    name = resolve(at, names, problems, text=True) if isinstance(at.data, str) else at.data
    if name is BROKEN:
        return UNKNOWN
    if not isinstance(name, str):
        problems.append(
            at.problem((), f"must be the name of a layer before this one, or a list of them, got {show(name)}")
        )
        return UNKNOWN
    layer, dot, number = (name, "", "") if name in frame.known else name.partition(".")
    if layer not in frame.known:
        problems.append(
            at.problem((), f"no layer {show(layer)} before this one{nearest(layer[:64], list(frame.known))}")
        )
        return UNKNOWN
    found = frame.known[layer]
    if not dot:
        return found
    if found is UNKNOWN or (number.isdecimal() and int(number[:9]) < len(found)):
        return found if found is UNKNOWN else (found[int(number[:9])],)
    problems.append(
        at.problem((), f"{layer!r} has no output {number[:20]}; the first of its {len(found)} is {layer}.0")
    )
    return UNKNOWN


def _block(frame: Frame, item: Item, name: str, inputs: Entries, names: Names) -> Entries:
    """One use of a block: its layers over its arguments, their names beginning with its own."""
    problems = frame.build.problems
    block = frame.blocks[item.what]
    if "inputs" in item.tree.data:
        problems.append(item.tree.problem(("inputs",), "a block takes its inputs by 'from'", key=True))
    if item.what in frame.above or len(frame.above) >= MAX_NESTING:
        path = " -> ".join([*frame.above, item.what])
        problems.append(
            item.tree.problem((), f"block {item.what!r} uses itself, or blocks stand too deep: {path}", key=True)
        )
        return UNKNOWN
    given = {
        key: resolve(item.tree.at((key,)), names, problems, text=isinstance(block.params.get(key), str))
        for key in item.tree.data
        if key not in RESERVED
    }
    values = {
        **frame.values,
        **arguments(block.params, replace(item.tree, data=given), problems, f"block {item.what!r}"),
    }
    values |= read_let(block.tree, values, problems)
    layers = layers_of(block.tree, problems, "block")
    inner = Frame(
        frame.build,
        frame.blocks,
        frame.values,
        f"{frame.prefix}{name}_",
        {"input": inputs},
        above=(*frame.above, item.what),
    )
    return UNKNOWN if layers is None else run_chain(inner, layers, inputs, values)


def _operator(frame: Frame, layers: Tree, item: Item, place: tuple[str, Entries], names: Names) -> Entries:
    """A node of an operator."""
    problems = frame.build.problems
    op = REGISTRY.get(WORDS.get(item.what, item.what))
    name, entries = place
    own = {key: value for key, value in item.tree.data.items() if key not in RESERVED}
    values = resolve_params(op, replace(item.tree, data=own), names, problems)
    named = _further(frame, item, frame.prefix + name, names)
    if op.variadic:
        values.setdefault("num_args", len(entries) + len(named))
    # A parameter that could not be computed is known to be wrong: only the others are checked.
    broken = {key for key, value in values.items() if value is BROKEN}
    params, wrong = fill(replace(item.tree, data={k: v for k, v in values.items() if k not in broken}), op.params)
    problems += [problem for problem in wrong if not any(f"missing key {key!r}" in problem for key in broken)]
    if params is None or broken:
        return UNKNOWN
    where = (layers, item.path)
    if not _takes(op, params, entries, where, problems):
        return UNKNOWN
    source = str(layers.position(item.path, key=item.named) or "")
    try:
        node = compose(op, params, entries, named, Applied(frame.prefix + name, source=source))
    except ConfigError as error:
        problems += [layers.problem(item.path, problem, key=item.named) for problem in error.problems]
        return UNKNOWN
    frame.build.made.append(Made(node, layers, item.path, item.named))
    for entry, key in zip(node.inputs, node.input_names, strict=True):
        if entry.node.op is None and entry.node.name == f"{node.name}_{key}":
            frame.known.setdefault(f"{name}_{key}", (entry,))
    return tuple(Entry(node, i) for i in range(op.visible_outputs(params)))


def _further(frame: Frame, item: Item, name: str, names: Names) -> dict[str, Entry]:
    """Inputs given by name: results of layers, or parameters declared here."""
    if "inputs" not in item.tree.data:
        return {}
    at = item.tree.at(("inputs",))
    problems = frame.build.problems
    if not isinstance(at.data, Mapping):
        problems.append(at.problem((), f"must be a map from inputs to layers, got {show(at.data)}"))
        return {}
    named: dict[str, Entry] = {}
    for key in at.data:
        if isinstance(at.data[key], Mapping):
            made = learned(at.at((key,)), f"{name}_{key}", names, problems)
            named[key] = made or UNKNOWN[0]
            continue
        found = find(frame, at.at((key,)), names)
        if len(found) > 1:
            problems.append(at.problem((key,), f"has {len(found)} outputs; name one, such as {at.data[key]}.0"))
        named[key] = found[0]
    return named


def _takes(op: Op, params: Any, entries: Entries, where: tuple[Tree, Path], problems: list[str]) -> bool:
    """Whether the operator takes so many inputs by place: what it learns is never given that way."""
    names = op.input_names(params)
    taken = [n for n in names if n not in ROLES and n not in op.auxiliary and n != RANDOM_STATE]
    if len(entries) <= len(taken) or op.variadic:
        return True
    tree, path = where
    message = f"{op.name} takes {len(taken)} ({', '.join(taken)}), but {len(entries)} come in; pick one by 'from'"
    problems.append(tree.problem(path, message, key=isinstance(path[-1], str)))
    return False


def first_names(inputs: Sequence[str]) -> dict[str, Entries]:
    """The inputs of a net as results by name."""
    return {name: (Entry(Node(None, name, kind="input")),) for name in inputs}
