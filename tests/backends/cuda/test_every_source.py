"""Every CUDA C++ file of the project, under NVRTC, for the architectures in use, in all its variants: no GPU."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import mxtrain.backends.cuda
import mxtrain.ops
from mxtrain.backends.cuda import nvrtc
from mxtrain.backends.cuda.source import Source

FILES = sorted(p.name for p in Path(mxtrain.__file__).parent.rglob("*.cu"))
CHIPS = (80, 90, 100)


@cache
def sources() -> dict[str, Source]:
    """The declared sources by file name."""
    found = {}
    for package in (mxtrain.backends.cuda, mxtrain.ops):
        for m in walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(m.name)).values():
                if isinstance(value, Source):
                    found[value.name] = value
    return found


def test_every_file_is_declared():
    assert sorted(sources()) == FILES


@pytest.mark.parametrize("name", FILES)
def test_kernels_take_what_calls_can_give(name):
    assert sources()[name].kernels


def jobs():
    """(file, chip, macros): all variants for one chip; the others see every third."""
    for name in FILES:
        for k, macros in enumerate(sources()[name].all_variants()):
            for sm in CHIPS:
                if sm == 90 or k % 3 == CHIPS.index(sm) // 2:
                    yield name, sm, macros


@pytest.mark.skipif(not nvrtc.available(), reason="NVRTC is not installed")
@pytest.mark.parametrize(("name", "sm", "macros"), list(jobs()), ids=lambda v: str(v) if isinstance(v, int | str) else
                         ",".join(f"{a}={b}" for a, b in v))  # fmt: skip
def test_it_compiles(name, sm, macros):
    assert nvrtc.compile_text(sources()[name].with_macros(macros), name, f"sm_{sm}")[:4] == b"\x7fELF"
