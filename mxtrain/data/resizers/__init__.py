"""Resizers, one file each: the library that scales decoded images.

All of them do what Pillow's does: antialiased when an image shrinks, but for `nearest`. Two differ by at most 1,
from rounding: a library takes only the methods of which that is true. May import base and the rest of data. Begin with
pillow.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.registry import Registry

PREFERRED = ("cykooz", "pillow")
"""The first of these that is installed scales, unless a checkpoint names another."""


@dataclass(frozen=True)
class Resizer:
    """A library that scales.

    Args:
        available: whether it is installed.
        resize: (image (H, W, C) uint8, (height, width), method) -> (height, width, C); None if it is not for this
            library: the caller then takes Pillow.
    """

    available: Callable[[], bool]
    resize: Callable[[NDArray[np.uint8], tuple[int, int], str], NDArray[np.uint8] | None]


REGISTRY: Registry[Resizer] = Registry("mxtrain.data.resizers", "RESIZER", "image resizer")

# Augmenters are free functions of their own parameters; which library runs is no parameter of any.
_chosen: ContextVar[str] = ContextVar("resizer")


@cache
def best() -> str:
    """The name of the fastest resizer that is installed."""
    return next(name for name in PREFERRED if REGISTRY.get(name).available())


@cache
def usable(name: str) -> str:
    """`name`, if there is such a resizer and it is installed; else pillow."""
    return name if name in REGISTRY and REGISTRY.get(name).available() else "pillow"


@cache
def load(name: str) -> Resizer:
    """The resizer called `name`, or Pillow's in its place."""
    return REGISTRY.get(usable(name))


@contextmanager
def using(name: str) -> Iterator[None]:
    """Within the context, on this thread, augmenters scale with the resizer called `name`."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def current() -> str:
    """The resizer in use on this thread; outside of `using` the best there is."""
    return _chosen.get(None) or best()
