"""Formats of arguments whose axes the library orders otherwise than MXNet does."""

from __future__ import annotations

import ctypes as c
from collections.abc import Sequence

from mxtrain.backends.onednn.library import must_create
from mxtrain.backends.onednn.primitive import MemoryDesc, PrimitiveDesc, layout_of
from mxtrain.base.types import Layout


def transposed(pd: PrimitiveDesc, arg: int, order: Sequence[int], shape: tuple[int, ...]) -> Layout:
    """The format in which a primitive wants an argument, said of the tensor with its axes in another order.

    The bytes are the same, so a reorder from or to the other order packs and transposes at once.

    Args:
        order: position of each of the library's axes in `shape`.
        shape: the tensor's axes in our order.
    """
    md = pd.desc(arg)
    if md is None:
        raise ValueError(f"{pd.implementation} has no argument {arg}")
    permutation = (c.c_int * len(order))(*order)
    return layout_of(MemoryDesc(must_create("dnnl_memory_desc_permute_axes", md.handle, permutation)), shape)
