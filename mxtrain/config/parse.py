"""YAML text to nodes with positions, from the library's events: no object is built that the text names.

Stricter than YAML: one document, keys are texts and stand once, no tags, no merge keys, no directives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from mxtrain.base.errors import ConfigError
from mxtrain.config import scalar
from mxtrain.config.syntax import explain
from mxtrain.config.tree import COMMAND_LINE, MAX_DEPTH, MAX_VALUES, Node, Position, show

MAX_KEY = 128
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)


class Source(NamedTuple):
    """A text to read, and what to call its places.

    Args:
        text: YAML.
        file: name for positions.
        token: the command line's token of which `text` is the end; None for a file.
        lines: the text's lines...
        starts: ...and where each starts.
    """

    text: str
    file: str
    token: str | None
    lines: tuple[str, ...]
    starts: tuple[int, ...]

    def position(self, line: int, column: int) -> Position:
        """The position of a line and column that are counted from 0; past the end it is the end."""
        if line >= len(self.lines):
            line, column = len(self.lines) - 1, len(self.lines[-1])
        if self.token is not None:
            before = len(self.token) - len(self.text)
            return Position(COMMAND_LINE, 0, before + self.starts[line] + column + 1, self.token)
        return Position(self.file, line + 1, column + 1, self.lines[line])

    def offset(self, index: int) -> Position:
        """The position of the character number `index`."""
        line = max(i for i, start in enumerate(self.starts) if start <= index)
        return self.position(line, index - self.starts[line])


def source(text: str, file: str, token: str | None = None) -> Source:
    """A text made ready for positions."""
    ends = [match.span() for match in _BREAK.finditer(text)]
    starts = (0, *(end for _, end in ends))
    lines = tuple(text[a:b] for a, b in zip(starts, (*(begin for begin, _ in ends), len(text)), strict=True))
    return Source(text, file, token, lines, starts)


@dataclass
class _Frame:
    """A list or map that is not closed yet."""

    where: Position
    items: list[Node] | dict[str, Node]
    anchor: str | None
    key: str | None = None
    key_where: Position | None = None
    size: int = 1
    height: int = 1


@dataclass
class _State:
    """All that is known while the events come by. An anchor's entry: node, number of values, levels."""

    source: Source
    problems: list[str] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int, int]] = field(default_factory=dict)
    root: Node | None = None
    documents: int = 0
    size: int = 0


def parse(src: Source) -> Node | None:
    """The node of a text; None if it holds nothing but comments.

    Raises:
        ConfigError: every problem up to the first after which the rest has no sure meaning.
    """
    if bad := _FORBIDDEN.search(src.text):
        raise ConfigError(src.offset(bad.start()).problem(f"the character {bad[0]!a} cannot stand in YAML"))
    if bad := _DIRECTIVE.search(src.text):
        raise ConfigError(src.offset(bad.start()).problem("a line cannot start with '%'; quote the text"))
    state = _State(src)
    try:
        for event in yaml.parse(src.text, Loader=_LOADER):
            _take(state, event)
    except yaml.YAMLError as error:
        state.problems.append(explain(error, src.position, src.lines))
    if state.problems:
        raise ConfigError(state.problems)
    return state.root


def _take(state: _State, event: Any) -> None:
    where = state.source.position(event.start_mark.line, event.start_mark.column)
    if isinstance(event, yaml.DocumentStartEvent):
        state.documents += 1
        if state.documents > 1:
            _stop(state, where, "a second document; a config is one: take the '---' away")
    elif isinstance(event, yaml.AliasEvent):
        _alias(state, str(event.anchor), where)
    elif isinstance(event, yaml.ScalarEvent):
        _scalar(state, event, where)
    elif isinstance(event, yaml.CollectionStartEvent):
        _open(state, event, where)
    elif isinstance(event, yaml.CollectionEndEvent):
        frame = state.stack.pop()
        _put(state, Node(frame.items, frame.where), frame.size, frame.height, frame.anchor)


def _stop(state: _State, where: Position, message: str) -> None:
    raise ConfigError([*state.problems, where.problem(message)])


def _wants_key(state: _State) -> bool:
    return bool(state.stack) and isinstance(state.stack[-1].items, dict) and state.stack[-1].key is None


def _refuse_tag(state: _State, event: Any, where: Position) -> None:
    if event.tag is not None:
        text = (
            f"the tag {show(event.tag)} is not allowed; a config holds plain values (quote a text that starts with '!')"
        )
        state.problems.append(where.problem(text))


def _open(state: _State, event: Any, where: Position) -> None:
    if _wants_key(state):
        _stop(state, where, "a key must be a word, not a list or map; quote a text that starts with '[' or '{'")
    if len(state.stack) >= MAX_DEPTH:
        _stop(state, where, f"more than {MAX_DEPTH} levels deep")
    _refuse_tag(state, event, where)
    is_map = isinstance(event, yaml.MappingStartEvent)
    state.stack.append(_Frame(where, {} if is_map else [], event.anchor))
    _count(state, where, 1)


def _scalar(state: _State, event: Any, where: Position) -> None:
    _refuse_tag(state, event, where)
    if _wants_key(state):
        _key(state, event, where)
        return
    _count(state, where, 1)
    plain = event.implicit[0] and event.style in (None, "")
    _put(state, Node(scalar.resolve(event.value) if plain else event.value, where), 1, 0, event.anchor)


def _key(state: _State, event: Any, where: Position) -> None:
    frame, name = state.stack[-1], event.value
    frame.key, frame.key_where = name, where
    if name == "":
        state.problems.append(where.problem("a key is missing before ':'"))
    elif name == "<<" and event.implicit[0]:
        state.problems.append(where.problem("'<<' is not part of YAML 1.2; write the keys out, or use 'extends'"))
    elif len(name) > MAX_KEY:
        state.problems.append(where.problem(f"a key of more than {MAX_KEY} characters"))
    elif name in frame.items:
        first = frame.items[name].key
        state.problems.append(where.problem(f"the key {show(name)} stands here twice, first at {first}"))


def _alias(state: _State, name: str, where: Position) -> None:
    if _wants_key(state):
        _stop(state, where, "a key must be a word; quote a text that starts with '*'")
    if name not in state.anchors:
        inside = any(frame.anchor == name for frame in state.stack)
        reason = "stands inside what it names" if inside else f"has no '&{name}' before it"
        _stop(state, where, f"the alias {show('*' + name)} {reason}; quote a text that starts with '*'")
    node, size, height = state.anchors[name]
    if len(state.stack) + height > MAX_DEPTH:
        _stop(state, where, f"more than {MAX_DEPTH} levels deep")
    _count(state, where, size)
    _put(state, node, size, height, None)


def _count(state: _State, where: Position, size: int) -> None:
    state.size += size
    if state.size > MAX_VALUES:
        _stop(state, where, f"more than {MAX_VALUES} values in all (aliases count as often as they are used)")


def _put(state: _State, node: Node, size: int, height: int, anchor: str | None) -> None:
    if anchor is not None:
        state.anchors[anchor] = (node, size, height)
    if not state.stack:
        state.root = node
        return
    frame = state.stack[-1]
    frame.size += size
    frame.height = max(frame.height, height + 1)
    if isinstance(frame.items, list):
        frame.items.append(node)
    else:
        frame.items[frame.key or ""] = node._replace(key=frame.key_where)
        frame.key = None
