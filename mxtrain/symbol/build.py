"""The ``net:`` section of a config as a Symbol. Every node knows the line that it comes from.

    net:                                     # a list is a chain: each layer takes what the one before it gives
      - convolution: {num_filter: 20, kernel: 5}
      - activation: {act_type: relu, name: a}
      - pooling: {kernel: 2, stride: 2, from: a}       # `from`: another layer, or several; a.1: its second output
      - branches: [[convolution: {...}], []]                # all take the same; an empty one passes it on
      - concat                                              # ... and the next layer takes all their results
      - fully_connected: {num_hidden: 10, repeat: 2, when: deep}
      - softmax_output: {name: softmax}                     # the loss is a layer: the last

``inputs`` gives a layer further inputs by name: ``{rhs: LAYER}``, ``{weight: fc1_weight}``, or a parameter of its own
whose shape nothing tells: ``{rhs: {shape: [1, width], initializer: zeros}}`` (learned.py).

``net: {file: resnet, depth: 50}`` takes a net file with its parameters, ``net: {symbol: x-symbol.json}`` MXNet's, which
``from: LAYER`` cuts behind a layer and ``net: [...]`` goes on from: a new head for a trained net.
A net file, and a map under ``net:``, has the keys ``params`` (with defaults; nothing: required), ``let`` (values
computed from them), ``blocks`` (``{params, let, net}`` each, used like operators), ``inputs`` (``[data]``), ``outputs``
(the last layer) and ``net``, the list. Where a number is meant, a text is an expression (expression.py); with
``repeat``, ``index`` counts from 0.

Names: ``name`` or OPERATOR0, OPERATOR1... as MXNet counts, each block counting its own, after the block's name:
``stage1_unit0_convolution0``. Inside a block, layers see its own names and ``input``, what comes in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mxtrain.base.errors import ConfigError, MXTrainError, ShapeError
from mxtrain.config import files
from mxtrain.config.load import load, loads
from mxtrain.config.tree import Tree, show
from mxtrain.graph import Entry, Graph, Node, topological
from mxtrain.ops import REGISTRY
from mxtrain.symbol.chain import UNKNOWN, Build, Entries, Frame, TooLarge, find, first_names, run_chain
from mxtrain.symbol.compose import settled
from mxtrain.symbol.section import Section, read_section
from mxtrain.symbol.symbol import Symbol
from mxtrain.symbol.symbol import load as load_symbol
from mxtrain.symbol.variables import Known

FOLDER = "nets"
SYMBOL_KEYS = ("symbol", "from", "net")
NO_NET = ("data", "optimizer", "epochs", "extends")
"""Keys by which a config is told from a net file of its name."""


def build_net(tree: Tree, *, search: Sequence[Path] = ()) -> Symbol:
    """The net that a config describes.

    Args:
        tree: at ``net:``.
        search: folders in which net files are looked up, in themselves and in ``nets/``, after the config's own folder.

    Raises:
        ConfigError: with every problem, each at its file, line and column.
    """
    problems: list[str] = []
    data = tree.data
    if isinstance(data, Mapping) and "symbol" in data:
        return _symbol_section(tree, search)
    section: Section | None = None
    if isinstance(data, list):
        section = Section({}, {}, ("data",), None, tree)
    elif isinstance(data, Mapping) and "file" in data:
        tree, given = _net_file(tree, search), tree
        section = read_section(tree, given, problems)
    elif isinstance(data, Mapping) and data and not _named(data):
        section = read_section(tree, None, problems)
    else:
        expected = "must be a list of layers, or a map with 'net', 'file' or 'symbol'"
        problems.append(tree.problem((), f"{expected}, got {show(data)}{_named(data)}"))
    entries = _entries(section, tree, problems) if section is not None and section.layers is not None else ()
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return Symbol(entries)


def _named(data: Any) -> str:
    """How to write it if a net file was meant: by its name alone, under another tool's key, or as a key."""
    name, others = data, {}
    if isinstance(data, Mapping) and "net" not in data:
        key = next((k for k, v in data.items() if isinstance(v, str)), None)
        name, others = data.get(key), {k: v for k, v in data.items() if k != key}
        if key is None and len(data) == 1:
            ((name, others),) = data.items()
    if not isinstance(name, str) or not name.isprintable() or not isinstance(others or {}, Mapping):
        return ""
    return f"; write {{file: {name}{''.join(f', {k}: {show(v)}' for k, v in (others or {}).items())}}}"


def _entries(section: Section, tree: Tree, problems: list[str]) -> Entries:
    if section.layers is None:
        return ()
    build = Build(problems)
    known = first_names(section.inputs)
    frame = Frame(build, section.blocks, section.names, known=dict(known))
    if not section.layers.data:
        problems.append(section.layers.problem((), "a net needs at least one layer"))
    try:
        last = run_chain(frame, section.layers, known[section.inputs[0]], section.names)
    except TooLarge as error:
        problems += error.problems
        return UNKNOWN
    entries = last if section.outputs is None else _outputs(frame, section.outputs)
    if problems:
        return UNKNOWN
    _check_read(build, entries, section, tree)
    try:
        return settled(entries)
    except ConfigError as error:
        problems += [tree.problem((), problem) for problem in error.problems]
        return UNKNOWN


def _outputs(frame: Frame, at: Tree) -> Entries:
    if not isinstance(at.data, list) or not at.data:
        frame.build.problems.append(at.problem((), f"must be a list of layers, got {show(at.data)}"))
        return UNKNOWN
    return tuple(e for i in range(len(at.data)) for e in find(frame, at.at((i,)), frame.values))


def _check_read(build: Build, entries: Entries, section: Section, tree: Tree) -> None:
    """A layer whose result nobody takes, or an input, is a mistake in the net."""
    read = set(topological(entries))
    build.problems += [
        m.tree.problem(
            m.path, f"nothing takes what {m.node.name!r} gives; let a layer take it, or name it in 'outputs'", key=m.key
        )
        for m in build.made
        if m.node not in read
    ]
    names = {n.name for n in read if n.op is None}
    build.problems += [
        tree.problem(("inputs",) if "inputs" in tree.data else (), f"no layer takes the input {name!r}")
        for name in section.inputs
        if name not in names and not build.problems
    ]


def _net_file(tree: Tree, search: Sequence[Path]) -> Tree:
    name = tree.data["file"]
    if not isinstance(name, str):
        raise ConfigError(tree.problem(("file",), f"must be the name of a net file, got {show(name)}"))
    folder, others = _folders(tree, search)
    try:
        # A net may be called as a config beside it: nets/ comes first, and a config is passed over.
        found = files.find_below(name, os.path.join(folder, FOLDER), [folder, *others], _is_config)
        return load(found.name)
    except ConfigError as error:
        known = [p if ":" in p.split(" ")[0] else tree.problem(("file",), p) for p in error.problems]
        raise ConfigError(known) from None


def _is_config(file: files.File) -> bool:
    """True for a file with keys that a config has and a net never."""
    try:
        data = loads(file.text, file.name).data
    except ConfigError:
        return False
    if not isinstance(data, Mapping):
        return False
    inner = data.get("net")
    return any(key in data for key in NO_NET) or (isinstance(inner, Mapping) and ("file" in inner or "symbol" in inner))


def _folders(tree: Tree, search: Sequence[Path]) -> tuple[str, list[str]]:
    """The config's own folder, and the others in which files are looked up."""
    where = tree.position()
    own = os.path.dirname(where.file) if where is not None and where.line else ""
    folders = [os.fspath(folder) for folder in search]
    return own, [f for folder in folders for f in (os.path.join(folder, FOLDER), folder)]


def _symbol_section(tree: Tree, search: Sequence[Path]) -> Symbol:
    """A symbol file, as it is or with layers of the config behind it."""
    problems = [
        tree.problem((key,), f"unknown key {show(key)} beside 'symbol'; there are: {', '.join(SYMBOL_KEYS)}", key=True)
        for key in tree.data
        if key not in SYMBOL_KEYS
    ]
    symbol = _symbol_file(tree, search, problems)
    layers = tree.at(("net",)) if "net" in tree.data else None
    if layers is not None and (not isinstance(layers.data, list) or not layers.data):
        raise ConfigError(layers.problem((), f"must be a list of the layers that follow, got {show(layers.data)}"))
    section = Section({}, {}, (), None, layers)
    known = {n.name: _visible(n) for n in symbol.nodes if n.kind != "state"}
    frame = Frame(Build(problems), {}, {}, known=known)
    entries = symbol.entries
    if "from" in tree.data:
        at = tree.at(("from",))
        entries = _outputs(frame, at) if isinstance(at.data, list) else find(frame, at, {})
        # Names that are cut off are free again: a new head is often called as the old one.
        for n in _behind(symbol.nodes, {e.node for e in entries}):
            frame.known.pop(n.name, None)
    if layers is not None and not problems:
        entries = run_chain(frame, layers, entries, {})
    if not problems:
        _check_read(frame.build, entries, section, tree)
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    try:
        return Symbol(settled(entries), symbol.scope)
    except ConfigError as error:
        raise ConfigError([tree.problem((), problem) for problem in error.problems]) from None


def _behind(nodes: Sequence[Node], cut: set[Node]) -> list[Node]:
    """The nodes that take what is cut, directly or not, and inputs that only they take."""
    found: list[Node] = []
    gone: set[Node] = set()
    for n in nodes:
        if any(e.node in cut or e.node in gone for e in n.inputs):
            gone.add(n)
            found.append(n)
    kept = {e.node for n in nodes if n not in gone for e in n.inputs}
    return found + [n for n in nodes if n.op is None and n not in kept and n not in cut]


def _visible(node: Node) -> Entries:
    return tuple(Entry(node, i) for i in range(node.op.visible_outputs(node.params) if node.op else 1))


def _symbol_file(tree: Tree, search: Sequence[Path], problems: list[str]) -> Symbol:
    name = tree.data["symbol"]
    if not isinstance(name, str) or "\0" in name or not name:
        problems.append(tree.problem(("symbol",), f"must be the path of a symbol file, got {show(name)}"))
        raise ConfigError(problems)
    own, others = _folders(tree, search)
    # A run's copy of its config lies beside a symbol that the run wrote itself: where the config came from goes first.
    folders = (*map(os.fspath, search[:1]), own, *others)
    path = next((p for p in (os.path.join(folder, name) for folder in folders) if os.path.isfile(p)), None)
    if path is None:
        problems.append(tree.problem(("symbol",), f"no file {show(name)} beside the config or in {', '.join(others)}"))
    if problems or path is None:
        raise ConfigError(problems)
    try:
        upto = tree.data.get("from", ())
        listed = [upto] if isinstance(upto, str) else upto if isinstance(upto, list) else []
        return load_symbol(path, upto=[name for name in listed if isinstance(name, str)])
    except MXTrainError as error:
        raise ConfigError([tree.problem(("symbol",), line) for line in str(error).splitlines()]) from None


def check_heads(symbol: Symbol) -> None:
    """A net that is to be trained must end in a loss.

    Raises:
        ConfigError: naming where it ends, and the heads that there are.
    """
    if any(e.node.op is not None and e.node.op.loss for e in symbol.entries):
        return
    heads = [name for name in REGISTRY.names() if REGISTRY.get(name).loss]
    ends = symbol.entries[-1].node
    advice = "" if ends.source else "; behind a symbol file: net: {symbol: FILE, net: [softmax_output]}"
    raise ConfigError(
        f"{ends.where} ends the net, but is no loss; add one as the last layer: {', '.join(heads)}{advice}"
    )


def check_shapes(symbol: Symbol, known: Mapping[str, Known]) -> Graph:
    """The typed graph of the net over inputs of these types.

    Raises:
        ShapeError: at the line of the layer that does not fit what comes in, with the shapes that do come in.
    """
    try:
        return symbol.typed(**known)
    except ShapeError as error:
        inputs = ", ".join(f"{name} {value}" for name, value in known.items())
        raise ShapeError([f"{problem} (inputs of the net: {inputs})" for problem in error.problems]) from None
