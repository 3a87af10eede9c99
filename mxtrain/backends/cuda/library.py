"""Shared libraries of CUDA: where they are found, in the wheels that pip installs or in the system."""

from __future__ import annotations

import ctypes as c
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, files, version
from typing import Any, NamedTuple


class Library(NamedTuple):
    """What a library is called.

    Args:
        files: names to try, best first.
        wheels: distributions that bring it, best first.
        needs: libraries that it opens by name at run time: they are loaded before it.
    """

    files: tuple[str, ...]
    wheels: tuple[str, ...]
    needs: tuple[Any, ...] = ()


DRIVER = Library(("libcuda.so.1",), ())
NVRTC = Library(
    ("libnvrtc.so.13", "libnvrtc.so.12"), ("nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu13", "nvidia-cuda-nvrtc-cu12")
)


class Found(NamedTuple):
    """A library that loads.

    Args:
        handle: for calls.
        path: the file.
        wheel: distribution and version it came from; "" for the system's.
    """

    handle: Any
    path: str
    wheel: str


_CHOSEN: dict[Library, str] = {}


def choose(library: Library, path: str) -> None:
    """Take this file and no other; "": look for it again. Holds for what is loaded after it."""
    _CHOSEN[library] = path
    find.cache_clear()


def chosen(library: Library) -> str:
    """The file that was chosen, or ""."""
    return _CHOSEN.get(library, "")


@cache
def find(library: Library) -> Found | None:
    """The library, loaded; None if there is none that loads. A chosen file is the only one; else wheels come before
    the system."""
    for needed in library.needs:
        find(needed)
    places = [(chosen(library), "")] if chosen(library) else _in_wheels(library)
    if not chosen(library):
        places += [(name, "") for name in library.files]
    for path, wheel in places:
        try:
            return Found(c.CDLL(path), path, wheel)
        except OSError:
            continue
    return None


def _in_wheels(library: Library) -> list[tuple[str, str]]:
    found = []
    for wheel in library.wheels:
        try:
            listed = files(wheel) or []
        except PackageNotFoundError:
            continue
        for name in library.files:
            found += [(str(f.locate()), f"{wheel} {version(wheel)}") for f in listed if f.name == name]
    return found


def prototypes(handle: Any, table: Sequence[tuple[str, Any]]) -> Any:
    """Set the argument types of functions that return a status.

    Args:
        table: (name, argument types) each.
    """
    for name, arguments in table:
        function = getattr(handle, name)
        function.restype, function.argtypes = c.c_int, list(arguments)
    return handle
