"""Who may import whom: imports point down, and each outside library has its place."""

from __future__ import annotations

import sys

import pytest

LAYERS = (
    ("base",),
    ("graph", "engine", "config"),
    ("backends",),
    ("ops", "passes"),
    ("executor", "formats"),
    ("symbol", "ndarray"),
    ("optim", "init", "metrics", "data", "kvstore"),
    ("train", "report"),
    ("cli",),
)
"""From the bottom up. Packages of one layer do not import each other."""

NARROWER = {"passes": ("base", "graph"), "ops": ("base", "graph", "backends")}
"""Packages that may import less than their layer allows."""

RECORDIO_READERS = ("data", "cli")

PLACES = {
    "cupy": ("mxtrain/backends",),
    "cupyx": ("mxtrain/backends",),
    "ctypes": ("mxtrain/backends",),
    "yaml": ("mxtrain/config",),
    "typer": ("mxtrain/cli", "mxtrain/train/callbacks/progress.py"),
    "rich": ("mxtrain/cli", "mxtrain/train/callbacks/progress.py"),
    "fsspec": ("mxtrain/data/remote",),
    "s3fs": ("mxtrain/data/remote",),
    "aiohttp": ("mxtrain/data/remote",),
    "botocore": ("mxtrain/data/remote",),
}
"""Outside libraries that only some files may import."""

LEVEL = {package: level for level, packages in enumerate(LAYERS) for package in packages}


def allowed(package):
    """The packages of mxtrain that `package` may import, besides itself."""
    return NARROWER.get(package) or tuple(p for p in LEVEL if LEVEL[p] < LEVEL[package])


def upward(source):
    """Imports that do not point down."""
    if source.parts[0] == "recordio":
        for line, name in source.imports:
            if name[0] not in sys.stdlib_module_names and name[0] != "recordio":
                yield f"{source.path}:{line}: imports {name[0]}; recordio stands on the standard library alone"
        return
    package = "cli" if source.path == "mxtrain/__main__.py" else (source.parts + ("",))[1]
    if package not in LEVEL and source.path != "mxtrain/__init__.py":
        yield f"{source.path}:1: package {package!r} has no layer; the table is in tests/house/test_imports.py"
        return
    for line, name in sorted({(line, name[:2]) for line, name in source.imports}):
        if name[0] == "recordio" and package not in RECORDIO_READERS:
            yield f"{source.path}:{line}: imports recordio; only {' and '.join(RECORDIO_READERS)} may"
        if name[0] != "mxtrain" or len(name) < 2 or name[1] not in LEVEL or name[1] == package:
            continue
        if package not in LEVEL or name[1] not in allowed(package):
            may = ", ".join(allowed(package)) if package in LEVEL else ""
            yield f"{source.path}:{line}: imports mxtrain.{name[1]}; {package or 'mxtrain'} may import: {may}"


def misplaced(source):
    """Imports of outside libraries that have another place."""
    for line, name in source.imports:
        places = PLACES.get(name[0])
        if places and not source.inside(*places):
            yield f"{source.path}:{line}: imports {name[0]}; only {' and '.join(places)} may"


def operator_modules(source, operators):
    """Imports of one operator's module where operators must not be known, and of siblings inside ops/."""
    own = source.parts[2] if source.inside("mxtrain/ops") and len(source.parts) > 2 else None
    for line, name in source.imports:
        if name[:2] != ("mxtrain", "ops") or len(name) < 3:
            continue
        is_operator = name[2] in operators
        if source.inside("mxtrain/ops"):
            if own and is_operator and name[2] != own:
                yield f"{source.path}:{line}: imports its sibling mxtrain.ops.{name[2]}; share code in ops/_*.py"
        elif not source.inside("mxtrain/formats", "tests") and (is_operator or name[2].startswith("_")):
            yield f"{source.path}:{line}: imports mxtrain.ops.{name[2]}; ask for a trait, or mxtrain.ops.get"


def test_imports_point_down(library):
    problems = [p for s in library for p in upward(s)]
    assert not problems, "\n".join(problems)


def test_outside_libraries_have_their_places(library):
    problems = [p for s in library for p in misplaced(s)]
    assert not problems, "\n".join(problems)


def test_nobody_imports_an_operator(everything, operators):
    problems = [p for s in everything for p in operator_modules(s, operators)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("mxtrain/base/x.py", "from mxtrain.graph import Op"),
        ("mxtrain/ops/x.py", "def f():\n    import mxtrain.passes"),
        ("mxtrain/passes/x.py", "from mxtrain.backends import onednn"),
        ("mxtrain/optim/x.py", "from mxtrain import metrics"),
        ("mxtrain/train/x.py", "import recordio"),
        ("mxtrain/train/x.py", "from recordio.reader import Reader"),
        ("mxtrain/utils/x.py", "import os"),
        ("mxtrain/__init__.py", "from mxtrain.cli import main"),
        ("recordio/x.py", "import numpy"),
        ("recordio/x.py", "import mxtrain.base"),
    ],
)
def test_upward_imports_are_found(plant, path, text):
    assert len(list(upward(plant(path, text)))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("mxtrain/cli/x.py", "import recordio\nfrom mxtrain.train import fit\nimport mxtrain.base.errors"),
        ("mxtrain/ops/x.py", "from mxtrain.ops import _infer\nfrom mxtrain.backends import onednn\nimport numpy"),
        ("mxtrain/train/x.py", "from mxtrain import __version__\nfrom mxtrain.train.run import y"),
        ("mxtrain/__init__.py", "__version__ = '1'"),
        ("recordio/x.py", "import struct\nfrom recordio.header import Header"),
    ],
)
def test_downward_imports_pass(plant, path, text):
    assert not list(upward(plant(path, text)))


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("mxtrain/ops/x.py", "import cupy as cp", 1),
        ("mxtrain/backends/cuda/x.py", "import cupy, ctypes", 0),
        ("mxtrain/data/x.py", "from yaml import nodes", 1),
        ("mxtrain/config/x.py", "import yaml", 0),
        ("mxtrain/train/callbacks/progress.py", "from rich.progress import Progress", 0),
        ("mxtrain/train/callbacks/log.py", "import rich", 1),
    ],
)
def test_misplaced_libraries_are_found(plant, path, text, count):
    assert len(list(misplaced(plant(path, text)))) == count


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("mxtrain/symbol/x.py", "from mxtrain.ops import get", 0),
        ("mxtrain/symbol/x.py", "from mxtrain.ops import relu", 1),
        ("mxtrain/symbol/x.py", "from mxtrain.ops.relu import OP", 1),
        ("mxtrain/executor/x.py", "import mxtrain.ops._infer", 1),
        ("mxtrain/formats/x.py", "from mxtrain.ops import relu", 0),
        ("tests/ops/test_relu.py", "from mxtrain.ops.relu import OP", 0),
        ("mxtrain/ops/tanh.py", "from mxtrain.ops.relu import OP", 1),
        ("mxtrain/ops/tanh.py", "from mxtrain.ops._infer import same", 0),
        ("mxtrain/ops/relu/kernel.py", "from mxtrain.ops.relu.params import Params", 0),
        ("mxtrain/ops/__init__.py", "from mxtrain.ops import relu", 0),
    ],
)
def test_imports_of_operators_are_found(plant, path, text, count):
    assert len(list(operator_modules(plant(path, text), {"relu", "tanh"}))) == count
