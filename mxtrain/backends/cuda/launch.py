"""Prepared launches: one call with everything built, whose result is the driver's status."""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.backends.cuda.source import Kind, Source
from mxtrain.base.device import Device
from mxtrain.graph import Call, Recipe

STORAGE = ("float32", "bfloat16", "float16")
"""Element types that kernels store. ``common.cuh`` has types of these names; arithmetic is in float."""

THREADS = 256
MOST_BLOCKS = 1 << 31


@dataclass(frozen=True)
class Kernel:
    """One kernel of a source with its macros.

    Args:
        macros: macro -> value; Python's bool and int become digits.
    """

    source: Source
    name: str
    macros: Mapping[str, str | int] = field(default_factory=dict)


class Grid(NamedTuple):
    """How many blocks, and how many threads each."""

    x: int
    y: int = 1
    z: int = 1
    threads: int = THREADS


class Address(NamedTuple):
    """A pointer argument that is no array's beginning."""

    value: int


def blocks(count: int, per_thread: int = 1, most: int = MOST_BLOCKS, threads: int = THREADS) -> Grid:
    """The grid in which every thread does `per_thread` of `count` things; with fewer blocks it strides.

    Args:
        most: blocks at most.
    """
    return Grid(max(1, min(-(-count // (per_thread * threads)), most)), threads=threads)


def launch(device: Device, kernel: Kernel, grid: Grid, args: Sequence[Any]) -> Call:
    """A prepared launch on the device's compute stream.

    Args:
        args: an array, an Address or None for a pointer, int for ``long long``, float for ``float``.

    Raises:
        BackendUnavailable: if the kernel does not compile or load.
        TypeError: if the arguments are not those of the kernel.
    """
    cuda = cuda_of(device)
    kinds = kernel.source.kernels[kernel.name]
    where = f"{kernel.source.name}: {kernel.name}"
    if len(kinds) != len(args):
        raise TypeError(f"{where} takes {len(kinds)} arguments, got {len(args)}")
    values = [_native(device, a, k, where) for a, k in zip(args, kinds, strict=True)]
    macros = [(name, str(int(v) if isinstance(v, bool) else v)) for name, v in kernel.macros.items()]
    function = cuda.function(kernel.source, kernel.name, macros)
    parameters = _Parameters(values, args)
    dims = (grid.x, grid.y, grid.z, grid.threads, 1, 1, 0)
    return cuda.launcher, (function, *dims, cuda.stream, parameters, None)


class _Parameters(c.c_void_p):
    """The driver's array of pointers to arguments, with what they point at."""

    def __init__(self, values: Sequence[Any], arrays: Sequence[Any]) -> None:
        table = (c.c_void_p * max(len(values), 1))(*(c.addressof(v) for v in values))
        super().__init__(c.addressof(table))
        self.kept = (table, values, arrays)


def _native(device: Device, value: Any, kind: Kind, where: str) -> Any:
    if kind == "integer" and isinstance(value, int):
        return c.c_longlong(value)
    if kind == "number" and isinstance(value, (int, float)):
        return c.c_float(value)
    if kind == "pointer" and (value is None or isinstance(value, Address)):
        return c.c_void_p(value.value if value else 0)
    if kind == "pointer" and hasattr(value, "dtype"):
        return c.c_void_p(device.address(value))
    raise TypeError(f"{where}: expected a {kind}, got {value!r}")


def together(calls: Sequence[Call]) -> Call:
    """Several prepared calls as one; its status is the first true one."""
    return calls[0] if len(calls) == 1 else (_all, (tuple(calls),))


def _all(calls: Sequence[Call]) -> Any:
    for function, args in calls:
        status = function(*args)
        if status:
            return status
    return 0


def recipe(
    device: Device, name: str, prepare: Callable[[Sequence[Any], Sequence[Any], Any], Call | None], **more: Any
) -> Recipe:
    """The recipe of own kernels: capturable, and its status is the driver's.

    Args:
        name: of the implementation, without the kernel set.
        prepare: as Recipe's.
        more: further fields of Recipe.
    """
    return Recipe(prepare, f"cuda:{name}", capturable=True, explain=cuda_of(device).explain, **more)
