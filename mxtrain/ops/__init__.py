"""Operators: one file each (declaration, reference kernel, optional oneDNN kernels), named as its module is.

A file here may import graph, base, backends and the ``_*.py`` helpers, never a sibling. Its last statements are its
table of contents: read them first. Start with activation.py (small) and convolution (a folder: all features).
"""

from __future__ import annotations

from functools import cache

from mxtrain.base.registry import Registry
from mxtrain.graph import Op, Vocabulary

REGISTRY: Registry[Op] = Registry("mxtrain.ops", "OP", "operator")


def get(name: str) -> Op:
    """The operator called `name`.

    Raises:
        ConfigError: naming the nearest names if there is none.
    """
    return REGISTRY.get(name)


@cache
def vocabulary() -> Vocabulary:
    """The operators that passes make."""
    from mxtrain.ops._chain import CHAIN
    from mxtrain.ops._reorder import REORDER

    return Vocabulary(get("add_n"), get("zeros_like"), REORDER, get("identity"), CHAIN, get("broadcast_mul"))
