"""A tree checked against a declared class: a filled record, or every problem with its position."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from mxtrain.base.errors import ConfigError
from mxtrain.config.check import Problem, check
from mxtrain.config.component import plain
from mxtrain.config.hints import HINTS, find_hint
from mxtrain.config.tree import Position, Tree, show

T = TypeVar("T")


def fill(tree: Tree, schema: type[T], hints: Mapping[str, str] | None = None) -> tuple[T | None, list[str]]:
    """An instance of `schema` made of the tree, or None and every problem, sorted by where it was written.

    Args:
        tree: a whole configuration or a part of one.
        schema: a class made by base.params.declare.
        hints: other tools' names -> ours, for unknown keys; the table of hints.py if None.
    """
    instance, problems = check(schema, tree.data)
    table = HINTS if hints is None else hints
    problems = _without_explained(problems, tree, table)
    ordered = sorted(problems, key=lambda problem: _order(tree.position(problem.path, key=problem.key)))
    return instance, [tree.problem(p.path, _message(p, tree, table), key=p.key) for p in ordered]


def read(tree: Tree, schema: type[T], hints: Mapping[str, str] | None = None) -> T:
    """As `fill`.

    Raises:
        ConfigError: with every problem.
    """
    instance, problems = fill(tree, schema, hints)
    if instance is None or problems:
        raise ConfigError(problems)
    return instance


def resolve(instance: object, tree: Tree) -> Tree:
    """What a filled record says, defaults included, with the positions of the tree that it was filled from."""
    return replace(tree, data=plain(instance))


def _order(where: Position | None) -> tuple[bool, str, int, int]:
    if where is None:
        return (True, "", 0, 0)
    return (where.line == 0, where.file, where.line, where.column)


def _without_explained(problems: list[Problem], tree: Tree, hints: Mapping[str, str]) -> list[Problem]:
    """The problems but keys that are missing only because they stand there misspelt, or as another tool has them."""
    explained = [
        (problem.path[:-1], f"missing key {show(name.rpartition('.')[2])}")
        for problem in problems
        if problem.allowed is not None
        for name in (_hint(problem, tree, hints), *_near(problem)[:1])
        if name
    ]
    return [p for p in problems if not any(p.path == path and p.message.startswith(text) for path, text in explained)]


def _hint(problem: Problem, tree: Tree, hints: Mapping[str, str]) -> str | None:
    """What mxtrain calls an unknown key, if another tool has it."""
    full = (*tree.path, *problem.path)
    here = ".".join(part for part in full if isinstance(part, str))
    hint = find_hint(full, hints)
    return hint if hint and hint != here and not here.endswith(f".{hint}") else None


def _near(problem: Problem) -> list[str]:
    return difflib.get_close_matches(str(problem.path[-1]), problem.allowed or (), n=2, cutoff=0.6)


def _message(problem: Problem, tree: Tree, hints: Mapping[str, str]) -> str:
    if problem.allowed is None:
        return problem.message
    if hint := _hint(problem, tree, hints):
        return f"{problem.message}; mxtrain calls it {hint}"
    if near := _near(problem):
        return f"{problem.message}; did you mean {' or '.join(map(repr, near))}?"
    if not problem.allowed:
        return f"{problem.message}; no key is known here"
    return f"{problem.message}; there are: {', '.join(problem.allowed)}"
