"""The test tree mirrors the source tree, and every folder says what it is."""

from __future__ import annotations

import ast

import pytest

WITHOUT_TEST = {
    "mxtrain/base/errors.py": "classes without behaviour but ConfigError's list, which every config test reads",
}
"""Modules without a test file of their own -> why."""


def test_path(path):
    """Where a module's tests are: mxtrain/a/b.py -> tests/a/test_b.py, recordio/b.py -> tests/recordio/test_b.py."""
    *folders, name = path.removeprefix("mxtrain/").split("/")
    return "/".join(["tests", *folders, f"test_{name}"])


test_path.__test__ = False


def untested(source, paths):
    """A module with code and without a test file."""
    name = source.path.rsplit("/", 1)[-1]
    has_code = any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in ast.walk(source.tree))
    if name.startswith("_") or not has_code or source.path in WITHOUT_TEST:
        return
    wanted = {test_path(source.path)}
    if source.inside("mxtrain/ops") and source.path.count("/") > 2:
        # A large operator is a folder; its contract test covers all of it.
        wanted.add(test_path("/".join(source.path.split("/")[:3]) + ".py"))
    if not wanted & paths:
        yield f"{source.path}:1: has no test; expected {' or '.join(sorted(wanted))}"


def undescribed(library):
    """Folders without an __init__.py that opens with a docstring."""
    sources = {s.path: s for s in library}
    for folder in sorted({path.rsplit("/", 1)[0] for path in sources}):
        init = sources.get(f"{folder}/__init__.py")
        if init is None:
            yield f"{folder}/__init__.py:1: is missing; open it with what the folder is and what it may import"
        elif not ast.get_docstring(init.tree):
            yield f"{init.path}:1: no docstring; open it with what the folder is and what it may import"


def test_every_module_has_its_test(library, everything):
    paths = {s.path for s in everything}
    problems = [p for s in library for p in untested(s, paths)]
    assert not problems, "\n".join(problems)


def test_exceptions_are_needed(everything):
    paths = {s.path for s in everything}
    stale = [p for p in WITHOUT_TEST if p not in paths or test_path(p) in paths]
    assert not stale, f"remove from WITHOUT_TEST: {', '.join(stale)}"


def test_every_folder_says_what_it_is(library):
    problems = list(undescribed(library))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("mxtrain/data/new.py", "def f(): pass", 1),
        ("mxtrain/data/new.py", "X = 1", 0),
        ("mxtrain/data/old.py", "class C: pass", 0),
        ("mxtrain/data/_new.py", "def f(): pass", 0),
        ("mxtrain/data/__init__.py", "def f(): pass", 0),
        ("mxtrain/ops/conv/kernel.py", "def f(): pass", 0),
        ("mxtrain/ops/pool/kernel.py", "def f(): pass", 1),
        ("recordio/reader.py", "def f(): pass", 0),
        ("recordio/writer.py", "def f(): pass", 1),
    ],
)
def test_missing_tests_are_found(plant, path, text, count):
    paths = {"tests/data/test_old.py", "tests/ops/test_conv.py", "tests/recordio/test_reader.py"}
    assert len(list(untested(plant(path, text), paths))) == count


def test_folders_without_a_word_are_found(plant):
    sources = [
        plant("mxtrain/a/__init__.py", "x = 1"),
        plant("mxtrain/b/c.py", "'''Text.'''"),
        plant("mxtrain/d/__init__.py", "'''D.'''"),
    ]
    assert [p.split(":")[0] for p in undescribed(sources)] == ["mxtrain/a/__init__.py", "mxtrain/b/__init__.py"]
