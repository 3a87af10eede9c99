"""The project's own files, parsed once, for the rules of the house."""

from __future__ import annotations

import ast
import os
import pathlib
from dataclasses import dataclass, field

import pytest

ROOT = pathlib.Path(__file__).parents[2]
GENERATED = {"runs", "demo", "dist", "build", "scratch", "node_modules"}


@dataclass(frozen=True)
class Source:
    """One Python file: path from the project's root with '/', text, syntax tree."""

    path: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """The module's dotted name in pieces; a package's is its folder's."""
        parts = tuple(self.path.removesuffix(".py").split("/"))
        return parts[:-1] if parts[-1] == "__init__" else parts

    @property
    def imports(self) -> list[tuple[int, tuple[str, ...]]]:
        """(line, dotted name in pieces) of everything imported anywhere in the file, names out of modules included."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(node.lineno, tuple(a.name.split("."))) for a in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(node.lineno, (*(node.module or "").split("."), a.name)) for a in node.names]
        return found

    def inside(self, *folders: str) -> bool:
        """True if the file is one of `folders` or lies in one."""
        return any(self.path == f or self.path.startswith(f.rstrip("/") + "/") for f in folders)


def files(root: pathlib.Path) -> list[pathlib.Path]:
    """Every file that belongs to the project: no environments, caches, runs or builds."""
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(
            d
            for d in inner
            if (d == ".ci" or not d.startswith("."))
            and d not in GENERATED
            and d != "__pycache__"
            and "egg-info" not in d
        )
        # In a linked work tree .git is a file, which says where the repository lies.
        found += [pathlib.Path(folder, n) for n in sorted(names) if n != ".git"]
    return found


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def project_files():
    return files(ROOT)


@pytest.fixture(scope="session")
def plant():
    """``plant(path, text)``: a source that is not there, to see that a rule finds what it forbids."""
    return lambda path, text: Source(path, text, ast.parse(text, path))


@pytest.fixture(scope="session")
def everything(project_files, plant):
    """Every Python file of the project."""
    paths = [p for p in project_files if p.suffix == ".py"]
    return [plant(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8")) for p in paths]


@pytest.fixture(scope="session")
def library(everything):
    """The Python files of mxtrain and recordio."""
    return [s for s in everything if s.inside("mxtrain", "recordio")]


@pytest.fixture(scope="session")
def operators(root):
    """Names of all operators: the folder is the list."""
    names = {p.stem for p in (root / "mxtrain/ops").iterdir() if p.suffix == ".py" or p.is_dir()}
    return frozenset(n for n in names if not n.startswith("_"))
