"""oneDNN through its C API (v3): library and threads (library.py), memory descriptors and primitives (primitive.py),
products of many pieces as one call (products.py), images to floats (pixels.py).

Every handle is freed by its owner, every status is checked when building, and the prepared call returns its status.
Knows no operator. May import base and graph.
"""

from mxtrain.backends.onednn.library import Algorithm, Arg, Flag, Prop, available, set_threads, version
from mxtrain.backends.onednn.pixels import Pixels, make_pixels
from mxtrain.backends.onednn.primitive import (
    MemoryDesc,
    PrimitiveDesc,
    any_layout,
    attributes,
    desc,
    describe,
    layout_of,
    prepared,
    recipe,
    strided,
    supports,
)
from mxtrain.backends.onednn.products import SCRATCHPAD, Packer, Piece, Products, bind_each, run_calls
from mxtrain.backends.onednn.workers import one_thread, run_parts

__all__ = [
    "SCRATCHPAD", "Algorithm", "Arg", "Flag", "MemoryDesc", "Packer", "Piece", "Pixels", "PrimitiveDesc", "Products",
    "Prop", "any_layout", "attributes", "available", "bind_each", "desc", "describe", "layout_of", "make_pixels",
    "one_thread", "prepared", "recipe", "run_calls", "run_parts", "set_threads", "strided", "supports", "version",
]  # fmt: skip
