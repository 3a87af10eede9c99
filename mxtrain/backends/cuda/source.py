"""CUDA C++ beside the operator that uses it: what a ``.cu`` file holds, and in which variants it is compiled.

A kernel is ``extern "C" __global__ void name(...)``. Every parameter is a pointer, ``long long`` or ``float``: arrays,
whole numbers, numbers. What must be known to the compiler is a macro. ``common.cuh`` and its like
(backends/cuda/include) hold device code that several operators share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Literal

INCLUDE = Path(__file__).parent / "include"

Kind = Literal["pointer", "integer", "number"]

_KERNEL = re.compile(r'extern "C" __global__ void(?:\s+__launch_bounds__\([^)]*\))?\s+(\w+)\s*\(([^)]*)\)')
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """CUDA C++ text.

    Args:
        name: what messages call it.
        text: the code.
        variants: macro -> values with which it is compiled; the first of each is what a quick look takes.
        meaning: what a generated text computes, for who wants to compare.
    """

    name: str
    text: str = field(repr=False)
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    meaning: Any = field(default=None, repr=False, compare=False)

    @cached_property
    def kernels(self) -> Mapping[str, tuple[Kind, ...]]:
        """The kinds of the parameters of every kernel.

        Raises:
            ValueError: for a parameter of another type.
        """
        found = {}
        for name, parameters in _KERNEL.findall(_COMMENT.sub(" ", self.text)):
            found[name] = tuple(_kind(self.name, name, p.strip()) for p in parameters.split(",") if p.strip())
        return found

    def all_variants(self) -> Iterator[tuple[tuple[str, str], ...]]:
        """Every combination of macros."""
        for values in product(*self.variants.values()):
            yield tuple(zip(self.variants, values, strict=True))

    def with_macros(self, macros: Sequence[tuple[str, str]]) -> str:
        """The whole text for the compiler."""
        defined = "".join(f"#define {name} {value}\n" for name, value in macros)
        return f'{defined}#include "common.cuh"\n#line 1 "{self.name}"\n{self.text}'


def source(module_file: str, variants: Mapping[str, Sequence[str]] | None = None) -> Source:
    """The ``.cu`` file beside a module.

    Args:
        module_file: the module's ``__file__``.
        variants: macro -> values with which it is compiled.
    """
    path = Path(module_file).with_suffix(".cu")
    return Source(path.name, path.read_text(encoding="utf-8"), {k: tuple(v) for k, v in (variants or {}).items()})


def headers() -> dict[str, str]:
    """The shared device code, by the name under which it is included."""
    return {p.name: p.read_text(encoding="utf-8") for p in sorted(INCLUDE.glob("*.cuh"))}


def _kind(file: str, kernel: str, parameter: str) -> Kind:
    if "*" in parameter:
        return "pointer"
    words = parameter.replace("const ", "").split()
    if words[:-1] == ["long", "long"]:
        return "integer"
    if words[:-1] == ["float"]:
        return "number"
    raise ValueError(f"{file}: {kernel}: parameter {parameter!r} is neither a pointer, nor long long, nor float")
