"""What a net's section declares beside its layers: parameters, values, blocks, inputs, outputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.config.tree import Tree, show
from mxtrain.symbol.compose import nearest
from mxtrain.symbol.evaluate import BROKEN
from mxtrain.symbol.values import Names, resolve

KEYS = ("params", "let", "blocks", "inputs", "outputs", "input_shape", "net")
BLOCK_KEYS = ("params", "let", "net")
RESERVED = ("name", "from", "inputs", "repeat", "when")
BRANCHES = "branches"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}", re.ASCII)
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_WORDS = frozenset({"if", "else", "and", "or", "not", "true", "false", "max", "min", "len", "index"})


@dataclass(frozen=True)
class Block:
    """A block: parameters with their defaults (None: required), and where its values and layers stand."""

    name: str
    params: Mapping[str, Any]
    tree: Tree


@dataclass(frozen=True)
class Section:
    """A net, read but not built.

    Args:
        names: what its expressions may use: parameters and values.
        blocks: by name.
        inputs: names of the inputs; layers begin with the first.
        outputs: where the names of outputs stand; None: the last layer.
        layers: where the list of layers stands; None if it is missing.
    """

    names: Names
    blocks: Mapping[str, Block]
    inputs: tuple[str, ...]
    outputs: Tree | None
    layers: Tree | None


def read_section(tree: Tree, given: Tree | None, problems: list[str]) -> Section:
    """Read a map with the keys of a net.

    Args:
        given: the map whose keys, but for ``file``, are values of the parameters.
        problems: what is wrong is added.
    """
    unknown_keys(tree, KEYS, problems)
    params = read_params(tree, problems)
    names = arguments(params, given, problems, "net") if given is not None else required(params, tree, problems)
    names = {**names, **read_let(tree, names, problems)}
    inputs = _inputs(tree, problems)
    _check_shape(tree, problems)
    blocks = _blocks(tree, problems)
    outputs = tree.at(("outputs",)) if "outputs" in tree.data else None
    return Section(names, blocks, inputs, outputs, layers_of(tree, problems, "net"))


def layers_of(tree: Tree, problems: list[str], what: str) -> Tree | None:
    """Where the list of layers stands, or None: then the problem is noted."""
    if "net" not in tree.data:
        problems.append(tree.problem((), f"missing key 'net', the list of layers of the {what}", key=True))
        return None
    layers = tree.at(("net",))
    if not isinstance(layers.data, list):
        problems.append(layers.problem((), f"must be a list of layers, got {show(layers.data)}"))
        return None
    return layers


def unknown_keys(tree: Tree, known: Sequence[str], problems: list[str]) -> None:
    """Note every key that means nothing here."""
    problems += [
        tree.problem((key,), f"unknown key {show(key)}{nearest(key, known)}", key=True)
        for key in tree.data
        if key not in known
    ]


def section_map(tree: Tree, key: str, problems: list[str], what: str) -> Tree | None:
    """The map at a key, or None if it is missing or no map."""
    if key not in tree.data:
        return None
    inner = tree.at((key,))
    if not isinstance(inner.data, Mapping):
        problems.append(inner.problem((), f"must be a map of {what}, got {show(inner.data)}"))
        return None
    return inner


def read_params(tree: Tree, problems: list[str]) -> dict[str, Any]:
    """Declared parameters and their defaults."""
    inner = section_map(tree, "params", problems, "parameters and their defaults (nothing: required)")
    if inner is None:
        return {}
    for name in inner.data:
        _check_word(inner, name, "parameter", problems)
        if name in RESERVED or name == "file":
            problems.append(
                inner.problem((name,), f"a parameter cannot be called {name!r}: it means something else", key=True)
            )
        if isinstance(inner.data[name], Mapping):
            problems.append(
                inner.problem((name,), "a parameter is a number, a text, true, false or a list; tables go under 'let'")
            )
    return dict(inner.data)


def read_let(tree: Tree, names: Names, problems: list[str]) -> dict[str, Any]:
    """Named values, each computed from the parameters and the values before it."""
    inner = section_map(tree, "let", problems, "names and their values")
    made: dict[str, Any] = {}
    for name in inner.data if inner is not None else ():
        if inner is None:
            break
        _check_word(inner, name, "value", problems)
        if name in names:
            problems.append(inner.problem((name,), f"{name!r} is a parameter already", key=True))
        made[name] = resolve(inner.at((name,)), {**names, **made}, problems)
    return made


def _check_word(tree: Tree, name: str, what: str, problems: list[str]) -> None:
    if not WORD.fullmatch(name) or name in _WORDS:
        problems.append(
            tree.problem((name,), f"{show(name)} cannot be the name of a {what} in an expression", key=True)
        )


def required(params: Mapping[str, Any], tree: Tree, problems: list[str]) -> dict[str, Any]:
    """The defaults, where nobody can give values."""
    problems += [
        tree.problem(("params", name), f"parameter {name!r} needs a value; only a net file's can be left to its user")
        for name, default in params.items()
        if default is None
    ]
    return {name: BROKEN if default is None else default for name, default in params.items()}


def arguments(params: Mapping[str, Any], given: Tree, problems: list[str], what: str) -> dict[str, Any]:
    """Values of all parameters: those given, else the defaults.

    Args:
        given: a map, reserved keys among them. What is wrong with it is added to `problems`.
    """
    values = dict(params)
    for key, value in given.data.items():
        if key in RESERVED or key == "file":
            continue
        if key not in params:
            problems.append(
                given.problem((key,), f"{what} has no parameter {show(key)}{nearest(key, list(params))}", key=True)
            )
            continue
        values[key] = value
        wanted = misfit(params[key], value)
        if wanted and value is not BROKEN:
            problems.append(given.problem((key,), f"must be {wanted}, got {show(value)}"))
            values[key] = BROKEN
    missing = [name for name, value in values.items() if value is None]
    if missing:
        problems.append(given.problem((), f"{what} needs {', '.join(map(repr, missing))}", key=True))
    return {name: BROKEN if value is None else value for name, value in values.items()}


def misfit(default: Any, value: Any) -> str | None:
    """What a parameter with this default takes, if `value` is not of that kind; None if it is."""
    if value is None or isinstance(value, Mapping):
        return "a value"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(default, int):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole else "a whole number"
    if isinstance(default, float):
        return None if isinstance(value, int | float) and not isinstance(value, bool) else "a number"
    if isinstance(default, str):
        return None if isinstance(value, str) else "a text"
    if isinstance(default, list):
        return None if isinstance(value, list) else "a list"
    return None


def _inputs(tree: Tree, problems: list[str]) -> tuple[str, ...]:
    if "inputs" not in tree.data:
        return ("data",)
    data = tree.data["inputs"]
    good = isinstance(data, list) and data and all(isinstance(n, str) and NAME.fullmatch(n) for n in data)
    if not good or len(set(data)) != len(data):
        problems.append(
            tree.problem(("inputs",), f"must be a list of different names, such as [data], got {show(data)}")
        )
        return ("data",)
    return tuple(data)


def _check_shape(tree: Tree, problems: list[str]) -> None:
    data = tree.data.get("input_shape", [1])
    good = isinstance(data, list) and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in data)
    if not good or not data:
        text = f"must be the shape of the samples that the net is made for, such as [3, 224, 224], got {show(data)}"
        problems.append(tree.problem(("input_shape",), text))


def _blocks(tree: Tree, problems: list[str]) -> dict[str, Block]:
    inner = section_map(tree, "blocks", problems, "blocks by name")
    blocks: dict[str, Block] = {}
    for name in inner.data if inner is not None else ():
        if inner is None:
            break
        body = inner.at((name,))
        # One called like an operator stands in its place: operators that a new version brings must not break a net.
        if not NAME.fullmatch(name) or name in (BRANCHES, "add"):
            text = f"a block cannot be called {show(name)}: it is no name, or means something else"
            problems.append(inner.problem((name,), text, key=True))
        if not isinstance(body.data, Mapping):
            problems.append(body.problem((), f"must be a map with the key 'net', got {show(body.data)}"))
            continue
        unknown_keys(body, BLOCK_KEYS, problems)
        layers_of(body, problems, "block")
        blocks[name] = Block(name, read_params(body, problems), body)
    return blocks
