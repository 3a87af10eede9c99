"""One array of an NDArray list, versions 0 to 3, dense and sparse. Also the payload of a pickled NDArray.

    V0: u32 ndim, ndim x u32                    V1: u32 magic, Shape64        Shape64: i32 ndim, ndim x i64
    V2, V3: u32 magic, i32 storage, [Shape64 storage shape if sparse], Shape64
    then, unless it is "none": i32 device, i32 id, i32 dtype, [per aux: i32 dtype, Shape64], data, [aux data]

The device is ignored. "none" is ndim 0 in V0 to V2 and ndim -1 in V3, where ndim 0 is a scalar.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base import bfloat16
from mxtrain.base.errors import FormatError
from mxtrain.base.types import ITEMSIZE, Shape, numpy_dtype
from mxtrain.formats.cursor import Cursor

V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
CPU = 1
MAX_NDIM = 32
DTYPES = (
    "float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool", "int16", "uint16", "uint32", "uint64",
    "bfloat16",
)  # fmt: skip
DENSE, ROW_SPARSE, COMPRESSED_ROW = range(3)


@dataclass(frozen=True, eq=False)
class BFloat16:
    """An array of bfloat16, which NumPy lacks: its bits, uint16, of any shape."""

    bits: NDArray[np.uint16]

    @property
    def shape(self) -> Shape:
        """Shape."""
        return self.bits.shape

    def widen(self) -> NDArray[np.float32]:
        """The values as float32, exactly."""
        wide: NDArray[np.float32] = bfloat16.widen(self.bits)
        return wide


Dense = NDArray[Any] | BFloat16


@dataclass(frozen=True, eq=False)
class RowSparse:
    """Some rows of an array that is zero elsewhere.

    Args:
        shape: (R, ...) of the whole.
        values: (K, ...) the rows.
        indices: (K,) their numbers, ascending.
    """

    shape: Shape
    values: Dense
    indices: NDArray[Any]


@dataclass(frozen=True, eq=False)
class CSR:
    """A matrix in compressed sparse rows.

    Args:
        shape: (R, C) of the whole.
        values: (K,) the values, row after row.
        indptr: (R + 1,) where each row begins.
        indices: (K,) column of each value.
    """

    shape: Shape
    values: Dense
    indptr: NDArray[Any]
    indices: NDArray[Any]


Value = NDArray[Any] | BFloat16 | RowSparse | CSR


def read_body(cursor: Cursor, what: str) -> Value | None:
    """The array at the cursor, as a read-only view; None for MXNet's "none" array.

    Args:
        cursor: moved behind the array.
        what: what errors call the array.

    Raises:
        FormatError: naming file, offset, what was expected and what came.
    """
    start = cursor.position
    word = cursor.number("I", f"{what}: version")
    storage, parts_shape = DENSE, None
    if word in (V2, V3):
        storage = _read_storage(cursor, what, word)
        parts_shape = None if storage == DENSE else _read_shape(cursor, f"{what}: storage shape")
    if word in (V1, V2, V3):
        shape = _read_shape(cursor, what, unknown=word == V3)
        none = shape is None or (shape == () and word != V3)
    else:
        shape = _read_old_shape(cursor, what, word, start)
        none = shape == ()
    if none or shape is None:
        return None
    cursor.take(8, f"{what}: device")
    dtype = _read_dtype(cursor, what)
    if parts_shape is None:
        dense: Dense = _read_data(cursor, what, dtype, shape)
        return dense
    count = 1 if storage == ROW_SPARSE else 2
    kinds = [_read_aux_type(cursor, f"{what}: auxiliary array {i}") for i in range(count)]
    _fits(cursor, what, [(dtype, parts_shape), *kinds])
    values = _read_data(cursor, what, dtype, parts_shape)
    aux = [_read_data(cursor, f"{what}: auxiliary array {i}", *kind) for i, kind in enumerate(kinds)]
    sparse = RowSparse(shape, values, *aux) if storage == ROW_SPARSE else CSR(shape, values, *aux)
    problem = sparse_problem(sparse)
    if problem:
        raise cursor.error(f"{what}: {problem}", at=start)
    return sparse


def body_chunks(value: Value, what: str) -> list[bytes | memoryview]:
    """The array as version 2 on cpu(0): header, then data, not copied where it lies in order.

    Raises:
        FormatError: if MXNet could not read it back.
    """
    if isinstance(value, RowSparse | CSR):
        problem = sparse_problem(value)
        if problem:
            raise FormatError(f"{what}: {problem}")
        storage = ROW_SPARSE if isinstance(value, RowSparse) else COMPRESSED_ROW
        data = value.values
        aux = [value.indices] if isinstance(value, RowSparse) else [value.indptr, value.indices]
        head = struct.pack("<Ii", V2, storage) + _pack_shape(data.shape) + _pack_shape(value.shape)
    else:
        data, aux = value, []
        shape = getattr(value, "shape", None)
        if shape is None:
            raise FormatError(f"{what}: expected an array, got {type(value).__name__}; leave it out")
        if 0 in shape or shape == ():
            hint = "reshape a scalar to (1,), leave an empty array out"
            raise FormatError(f"{what}: an array of shape {shape} cannot be read back by MXNet; {hint}")
        head = struct.pack("<Ii", V2, DENSE) + _pack_shape(shape)
    head += struct.pack("<iii", CPU, 0, _dtype_code(data, what))
    head += b"".join(struct.pack("<i", _dtype_code(a, what)) + _pack_shape(a.shape) for a in aux)
    return [head, *(_raw(a) for a in (data, *aux))]


def sparse_problem(value: RowSparse | CSR) -> str:
    """What is wrong with a sparse array, or nothing."""
    if value.indices.ndim != 1 or value.indices.dtype.kind not in "iu":
        return f"expected indices to be integers (K,), got {value.indices.dtype} {value.indices.shape}"
    count = len(value.indices)
    bound = value.shape[0] if isinstance(value, RowSparse) else value.shape[-1]
    if count and not (0 <= int(value.indices.min()) and int(value.indices.max()) < bound):
        return f"expected indices from 0 to {bound - 1}, got {value.indices.min()} to {value.indices.max()}"
    if isinstance(value, RowSparse):
        if value.values.shape != (count, *value.shape[1:]):
            return f"expected {count} rows of shape {value.shape[1:]}, got values of shape {value.values.shape}"
        return "" if bool((value.indices[1:] > value.indices[:-1]).all()) else "row indices are not ascending"
    if len(value.shape) != 2 or value.values.shape != (count,):
        return (
            f"expected a matrix with {count} values, got shape {value.shape} and values of shape {value.values.shape}"
        )
    starts = value.indptr
    if starts.shape != (value.shape[0] + 1,) or starts.dtype.kind not in "iu":
        return f"expected {value.shape[0] + 1} row starts, got {starts.dtype} {starts.shape}"
    if starts[0] != 0 or starts[-1] != count or not bool((starts[1:] >= starts[:-1]).all()):
        return f"row starts do not ascend from 0 to {count}"
    return ""


def _read_storage(cursor: Cursor, what: str, version: int) -> int:
    at = cursor.position
    storage = cursor.number("i", f"{what}: storage type")
    allowed = (DENSE,) if version == V3 else (DENSE, ROW_SPARSE, COMPRESSED_ROW)
    if storage not in allowed:
        raise cursor.error(f"{what}: expected storage type {' or '.join(map(str, allowed))}, got {storage}", at=at)
    return storage


def _read_shape(cursor: Cursor, what: str, unknown: bool = False) -> Any:
    at = cursor.position
    ndim = cursor.number("i", f"{what}: number of dimensions")
    if unknown and ndim == -1:
        return None
    if not 0 <= ndim <= MAX_NDIM:
        raise cursor.error(f"{what}: expected 0 to {MAX_NDIM} dimensions, got {ndim}", at=at)
    at = cursor.position
    shape = cursor.unpack(f"{ndim}q", f"{what}: shape")
    if any(d < 0 for d in shape):
        raise cursor.error(f"{what}: expected dimensions of 0 or more, got {shape}", at=at)
    return shape


def _read_old_shape(cursor: Cursor, what: str, ndim: int, at: int) -> Shape:
    if ndim > MAX_NDIM:
        raise cursor.error(f"{what}: expected a version magic or at most {MAX_NDIM} dimensions, got {ndim:#x}", at=at)
    return cursor.unpack(f"{ndim}I", f"{what}: shape")


def _read_dtype(cursor: Cursor, what: str) -> str:
    at = cursor.position
    code = cursor.number("i", f"{what}: dtype")
    if not 0 <= code < len(DTYPES):
        raise cursor.error(f"{what}: expected a dtype code from 0 to {len(DTYPES) - 1}, got {code}", at=at)
    return DTYPES[code]


def _read_aux_type(cursor: Cursor, what: str) -> tuple[str, Shape]:
    dtype = _read_dtype(cursor, what)
    shape: Shape = _read_shape(cursor, what)
    return dtype, shape


def _fits(cursor: Cursor, what: str, parts: list[tuple[str, Shape]]) -> None:
    for dtype, shape in parts:
        if math.prod(max(d, 1) for d in shape) * ITEMSIZE[dtype] >= 2**63:
            raise cursor.error(f"{what}: shape {shape} is beyond any memory")
    size = sum(math.prod(shape) * ITEMSIZE[dtype] for dtype, shape in parts)
    if size > cursor.remaining:
        end = cursor.base + len(cursor.data)
        text = " + ".join(f"{dtype} {shape}" for dtype, shape in parts)
        got = f"got {cursor.remaining} (the file is truncated at byte {end})"
        raise cursor.error(f"{what}: {text}: expected {size} bytes, {got}")


def _read_data(cursor: Cursor, what: str, dtype: str, shape: Shape) -> Any:
    _fits(cursor, what, [(dtype, shape)])
    at = cursor.position
    raw = cursor.take(math.prod(shape) * ITEMSIZE[dtype], what)
    flat: NDArray[Any]
    flat = np.frombuffer(raw, np.uint8) if dtype == "bool" else np.frombuffer(raw, numpy_dtype(dtype).newbyteorder("<"))
    if dtype == "bool":
        if flat.size and flat.max() > 1:
            raise cursor.error(f"{what}: expected bools of 0 or 1, got {flat.max()}", at=at)
        flat = flat.view(np.bool_)
    dense = flat.reshape(shape)
    return BFloat16(dense) if dtype == "bfloat16" else dense


def _pack_shape(shape: Shape) -> bytes:
    return struct.pack(f"<i{len(shape)}q", len(shape), *shape)


def _dtype_code(value: Dense, what: str) -> int:
    name = "bfloat16" if isinstance(value, BFloat16) else value.dtype.name
    if name not in DTYPES:
        raise FormatError(f"{what}: expected a dtype of {', '.join(DTYPES)}, got {name}")
    return DTYPES.index(name)


def _raw(value: Dense) -> memoryview:
    array: NDArray[Any] = value.bits if isinstance(value, BFloat16) else value
    dense = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return memoryview(dense.reshape(-1).view(np.uint8).data)
