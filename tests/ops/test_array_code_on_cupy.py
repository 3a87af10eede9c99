"""Array code uses functions that CuPy has under NumPy's names. Looks at names only: no GPU is needed."""

from __future__ import annotations

import re
from operator import attrgetter
from pathlib import Path

import pytest

import mxtrain

OURS = {"erf"}
"""Functions of the array module that traces, which code asks for by its type."""

FOLDERS = ("ops", "base", "executor", "optim", "train", "metrics")


def names():
    root = Path(mxtrain.__file__).parent
    texts = [p.read_text(encoding="utf-8") for f in FOLDERS for p in (root / f).rglob("*.py")]
    return sorted({n for t in texts for n in re.findall(r"\bxp\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", t)} - OURS)


def test_cupy_has_every_function_of_the_array_code():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed", exc_type=ImportError)
    missing = []
    for name in names():
        try:
            attrgetter(name)(cupy)
        except AttributeError:
            missing.append(name)
    assert len(names()) > 40 and not missing
