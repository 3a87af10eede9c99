"""A configuration file, what it extends and the command line's overrides, as one tree.

``extends: base.yaml`` (or a list, later ones winning) is read first and merged below: maps by key, all else replaced. A
map below the top that names another component (its ``name`` differs) replaces the whole map that it stands for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from mxtrain.base.errors import ConfigError
from mxtrain.config import files
from mxtrain.config import overrides as override
from mxtrain.config.parse import parse, source
from mxtrain.config.tree import Node, Position, Tree, grow, printable, show

MAX_FILES = 32
_EXTENDS = "extends"


@dataclass
class _Loading:
    """What has been read so far, by the files' identity."""

    search: tuple[str, ...]
    done: dict[tuple[int, int], Node] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def load(
    path: str | os.PathLike[str], overrides: Sequence[str] = (), search: Sequence[str | os.PathLike[str]] = ()
) -> Tree:
    """Read a configuration.

    Args:
        path: a file, or the name of one in the `search` folders, with or without ``.yaml``.
        overrides: ``key.sub=value`` and ``~key``, applied in order after everything that is extended.
        search: folders in which `path` and ``extends`` are looked up after the obvious place.

    Raises:
        ConfigError: with every problem of the files and of the overrides.
    """
    state = _Loading(tuple(os.fspath(folder) for folder in search))
    root: Node | None = None
    try:
        root = _file(files.find(os.fspath(path), state.search), state, ())
    except ConfigError as error:
        state.problems += error.problems
    edits, problems = override.read(overrides)
    state.problems += problems
    if root is None or state.problems:
        raise ConfigError(state.problems)
    return grow(override.apply(root, edits))


def loads(text: str, name: str = "text", overrides: Sequence[str] = ()) -> Tree:
    """As `load`, from a text that extends nothing; `name` stands for the file's in positions."""
    root = _parse(text, name)
    if isinstance(root.value, dict) and _EXTENDS in root.value:
        raise ConfigError((root.value[_EXTENDS].key or root.where).problem("only a file can extend another"))
    edits, problems = override.read(overrides)
    if problems:
        raise ConfigError(problems)
    return grow(override.apply(root, edits))


def _parse(text: str, name: str) -> Node:
    root = parse(source(text, name))
    if root is None:
        raise ConfigError(
            Position(name, 1, 1).problem("nothing in it; a config is a map of keys, such as 'epochs: 10'")
        )
    if not isinstance(root.value, dict):
        raise ConfigError(root.where.problem(f"must be a map of keys, such as 'epochs: 10', got {show(root.value)}"))
    return root


def _file(file: files.File, state: _Loading, above: tuple[files.File, ...]) -> Node:
    """The node of a file, with all that it extends merged below it."""
    if file.identity in state.done:
        return state.done[file.identity]
    if len(state.done) + len(above) >= MAX_FILES:
        raise ConfigError(f"more than {MAX_FILES} files extend each other")
    root = _parse(file.text, file.name)
    own = dict(root.value)
    wanted = own.pop(_EXTENDS, None)
    merged = root._replace(value=own)
    if wanted is not None:
        base: Node | None = None
        for entry in _extended(wanted, state):
            other = _base(entry, file, state, (*above, file))
            if other is not None:
                base = other if base is None else merge(base, other)
        merged = merged if base is None else merge(base, merged)
    state.done[file.identity] = merged
    return merged


def _extended(wanted: Node, state: _Loading) -> list[Node]:
    entries = wanted.value if isinstance(wanted.value, list) else [wanted]
    bad = [entry for entry in entries if not isinstance(entry.value, str)]
    state.problems += [
        entry.where.problem(f"extends: must be the name of a YAML file, or a list of them, got {show(entry.value)}")
        for entry in bad
    ]
    return [entry for entry in entries if isinstance(entry.value, str)]


def _base(entry: Node, file: files.File, state: _Loading, above: tuple[files.File, ...]) -> Node | None:
    """The node of a file named by `entry`, or None: then the problem is noted."""
    try:
        found = files.find_below(entry.value, file.folder, state.search)
    except ConfigError as error:
        state.problems += [entry.where.problem(f"extends: {problem}") for problem in error.problems]
        return None
    loop = [other.identity for other in above]
    if found.identity in loop:
        names = [other.name for other in above[loop.index(found.identity) :]] + [found.name]
        state.problems.append(entry.where.problem(f"extends itself: {' -> '.join(map(printable, names))}"))
        return None
    try:
        return _file(found, state, above)
    except ConfigError as error:
        state.problems += error.problems
        return None


def merge(base: Node, over: Node, *, top: bool = True) -> Node:
    """`over` laid on `base`: maps key by key, all else replaced."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    names = [node.value["name"].value for node in (base, over) if "name" in node.value]
    if not top and len(names) == 2 and names[0] != names[1]:
        return over
    both = {
        key: merge(base.value[key], child, top=False) if key in base.value else child
        for key, child in over.value.items()
    }
    return over._replace(value={**base.value, **both})
