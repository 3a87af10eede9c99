"""Files of at most 400 lines, functions of at most 60."""

from __future__ import annotations

import ast
import fnmatch

FILE, FUNCTION = 400, 60

EXCEPTIONS = {"mxtrain/backends/onednn/_prototypes*.py": "prototypes of a C library, one line each"}
"""Patterns of paths -> why they may be longer."""


def too_long(source):
    """Files and functions over their limits."""
    if any(fnmatch.fnmatch(source.path, pattern) for pattern in EXCEPTIONS):
        return
    lines = source.text.count("\n")
    if lines > FILE:
        yield f"{source.path}:{FILE + 1}: {lines} lines; at most {FILE}, so split it along a noun"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION:
                yield f"{source.path}:{node.lineno}: {node.name} has {length} lines; at most {FUNCTION}"


def test_files_and_functions_are_short(everything):
    problems = [p for s in everything for p in too_long(s)]
    assert not problems, "\n".join(problems)


def test_long_ones_are_found(plant):
    body = "\n".join(["    x = 1"] * FUNCTION)
    assert list(too_long(plant("a.py", f"def f():\n{body}\n"))) == [
        f"a.py:1: f has {FUNCTION + 1} lines; at most {FUNCTION}"
    ]
    assert not list(too_long(plant("a.py", "def f():\n" + body[: body.rindex("\n")] + "\n")))
    assert not list(too_long(plant("a.py", "x = 1\n" * FILE)))
    assert [p.split(":")[1] for p in too_long(plant("a.py", "x = 1\n" * (FILE + 1)))] == ["401"]
    assert not list(too_long(plant("mxtrain/backends/onednn/_prototypes_conv.py", "x = 1\n" * 900)))
