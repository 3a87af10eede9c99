"""Types of tensors: shape, element type and layout; and what is known of them before inference has finished."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mxtrain.base.errors import ShapeError

Shape = tuple[int, ...]
PartialShape = tuple[int | None, ...]

ITEMSIZE = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint64": 8, "uint32": 4, "uint16": 2, "uint8": 1, "bool": 1,
}  # fmt: skip
FLOATS = ("float64", "float32", "float16", "bfloat16")
NARROW = ("float16", "bfloat16")


@dataclass(frozen=True)
class Layout:
    """How the elements of a tensor lie in memory. Logical order is always MXNet's (N, C, spatial...).

    Args:
        name: ``plain`` (C order), ``channels_last`` (N, spatial..., C), or a library's own format.
        key: whatever the library needs to make the format again; compared by equality.
        nbytes: size of the buffer where the library decides it, else None.
    """

    name: str = "plain"
    key: Any = None
    nbytes: int | None = None

    @property
    def opaque(self) -> bool:
        """True if only the library that made it can read the buffer."""
        return self.nbytes is not None

    def __str__(self) -> str:
        return self.name


PLAIN = Layout("plain")
CHANNELS_LAST = Layout("channels_last")


class TensorType(NamedTuple):
    """A complete type: shape, dtype (NumPy's name, or bfloat16) and layout."""

    shape: Shape
    dtype: str = "float32"
    layout: Layout = PLAIN

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of a buffer that holds it."""
        return self.size * ITEMSIZE[self.dtype] if self.layout.nbytes is None else self.layout.nbytes

    def __str__(self) -> str:
        return f"{self.shape} {self.dtype}" + ("" if self.layout == PLAIN else f" {self.layout}")


class PartialType(NamedTuple):
    """What is known of a type so far. None stands for unknown: the whole shape, one dimension, or the dtype."""

    shape: PartialShape | None = None
    dtype: str | None = None

    @property
    def complete(self) -> bool:
        """True if nothing is unknown."""
        return self.shape is not None and None not in self.shape and self.dtype is not None

    @property
    def known_shape(self) -> Shape | None:
        """The shape if every dimension is known, else None."""
        if self.shape is None or None in self.shape:
            return None
        return tuple(d for d in self.shape if d is not None)

    def __str__(self) -> str:
        if self.shape is None:
            return f"unknown shape {self.dtype or ''}".strip()
        dims = ", ".join("?" if d is None else str(d) for d in self.shape)
        return f"({dims}{',' if len(self.shape) == 1 else ''}) {self.dtype or ''}".strip()


UNKNOWN = PartialType()


def partial(t: TensorType) -> PartialType:
    """A complete type as the partial type that says the same."""
    return PartialType(t.shape, t.dtype)


def merge_shapes(a: PartialShape | None, b: PartialShape | None) -> PartialShape | None:
    """All that both say.

    Raises:
        ShapeError: if they contradict each other.
    """
    if a is None or b is None:
        return a if b is None else b
    if len(a) != len(b) or any(x is not None and y is not None and x != y for x, y in zip(a, b, strict=True)):
        raise ShapeError(f"{PartialType(a)} and {PartialType(b)} disagree")
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def merge(a: PartialType, b: PartialType) -> PartialType:
    """All that both types say.

    Raises:
        ShapeError: if they contradict each other.
    """
    if a.dtype is not None and b.dtype is not None and a.dtype != b.dtype:
        raise ShapeError(f"{a.dtype} and {b.dtype} disagree")
    return PartialType(merge_shapes(a.shape, b.shape), a.dtype or b.dtype)


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """The NumPy dtype that stores `dtype`. NumPy has no bfloat16: its bits are kept as uint16."""
    return np.dtype("uint16" if dtype == "bfloat16" else dtype)


def physical_order(layout: Layout, ndim: int) -> Sequence[int]:
    """Logical axes in the order in which they lie in memory, outermost first."""
    if layout.name == "channels_last" and ndim > 2:
        return (0, *range(2, ndim), 1)
    return range(ndim)


def strides(t: TensorType) -> Shape:
    """Strides in elements of a dense tensor of type `t`, per logical axis."""
    result = [1] * len(t.shape)
    step = 1
    for axis in reversed(physical_order(t.layout, len(t.shape))):
        result[axis] = step
        step *= t.shape[axis]
    return tuple(result)


def view(buffer: Any, t: TensorType, offset: int = 0) -> Any:
    """The array of type `t` that starts at byte `offset` of a flat uint8 buffer, in logical axis order.

    bfloat16 arrays come as their uint16 bits, opaque ones as flat uint8.
    """
    raw = buffer[offset : offset + t.nbytes]
    if t.layout.opaque:
        return raw
    order = physical_order(t.layout, len(t.shape))
    dense = raw.view(numpy_dtype(t.dtype)).reshape([t.shape[a] for a in order])
    return dense.transpose(sorted(range(len(t.shape)), key=lambda a: order[a])) if t.shape else dense
