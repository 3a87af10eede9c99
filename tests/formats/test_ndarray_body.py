from __future__ import annotations

import struct

import numpy as np
import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.cursor import Cursor
from mxtrain.formats.ndarray_body import CSR, DTYPES, V1, V2, V3, BFloat16, RowSparse, body_chunks, read_body


def read(data):
    return read_body(Cursor(memoryview(data), "f"), "array")


def written(value):
    return b"".join(body_chunks(value, "'w'"))


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "bfloat16"])
def test_every_dtype_is_read_back(dtype, rng):
    a = rng.integers(0, 2, (3, 1, 2)).astype(dtype)
    b = read(written(a))
    assert b.dtype == a.dtype
    np.testing.assert_array_equal(b, a)


def test_bfloat16_carries_its_bits():
    a = BFloat16(np.array([[0x3F80, 0xC000]], np.uint16))
    b = read(written(a))
    assert isinstance(b, BFloat16)
    np.testing.assert_array_equal(b.bits, a.bits)
    np.testing.assert_array_equal(b.widen(), np.float32([[1, -2]]))


def test_order_and_byte_order_are_made_plain(rng):
    a = rng.standard_normal((4, 3)).astype(">f4").T
    assert written(a) == written(np.ascontiguousarray(a, "<f4"))


def test_views_share_the_bytes_and_cannot_be_written():
    data = written(np.arange(6, dtype=np.float32))
    a = read(data)
    assert np.shares_memory(a, np.frombuffer(data, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        a[0] = 1


def test_versions_0_1_3_hold_the_same_array():
    tail = struct.pack("<iii", 2, 3, 0) + np.float32([1, 2]).tobytes()
    shape64 = struct.pack("<iq", 1, 2)
    for head in (
        struct.pack("<II", 1, 2),
        struct.pack("<I", V1) + shape64,
        struct.pack("<Ii", V2, 0) + shape64,
        struct.pack("<Ii", V3, 0) + shape64,
    ):
        np.testing.assert_array_equal(read(head + tail), np.float32([1, 2]))


def test_none_arrays_and_scalars():
    assert read(struct.pack("<I", 0)) is None
    assert read(struct.pack("<Ii", V1, 0)) is None
    assert read(struct.pack("<Iii", V2, 0, 0)) is None
    assert read(struct.pack("<Iii", V3, 0, -1)) is None
    scalar = read(struct.pack("<Iiiiiif", V3, 0, 0, 1, 0, 0, 5.0))
    assert (scalar.shape, float(scalar)) == ((), 5.0)


def test_sparse_arrays_are_read_back():
    rows = read(written(RowSparse((5, 2), np.float32([[1, 2], [3, 4]]), np.int64([1, 3]))))
    assert (rows.shape, rows.indices.tolist(), rows.values.tolist()) == ((5, 2), [1, 3], [[1, 2], [3, 4]])
    csr = read(written(CSR((3, 4), np.float32([1, 2, 3]), np.int64([0, 2, 2, 3]), np.int64([0, 2, 1]))))
    assert (csr.indptr.tolist(), csr.indices.tolist(), csr.values.tolist()) == ([0, 2, 2, 3], [0, 2, 1], [1, 2, 3])


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (np.float32(5), r"shape \(\)"),
        (np.zeros((0, 3), np.float32), r"shape \(0, 3\)"),
        (np.zeros(2, np.complex64), "complex64"),
        (None, "NoneType"),
        (RowSparse((5, 2), np.zeros((2, 2), np.float32), np.int64([3, 1])), "not ascending"),
        (RowSparse((5, 2), np.zeros((2, 2), np.float32), np.int64([3, 5])), "from 0 to 4, got 3 to 5"),
        (RowSparse((5, 2), np.zeros((2, 3), np.float32), np.int64([1, 3])), "2 rows of shape"),
        (CSR((3, 4), np.zeros(1, np.float32), np.int64([0, 2, 1, 1]), np.int64([0])), "row starts do not ascend"),
        (CSR((3, 4), np.zeros(1, np.float32), np.int64([0, 1]), np.int64([0])), "4 row starts"),
        (CSR((3, 4), np.zeros(1, np.float32), np.int64([0, 0, 0, 1]), np.float32([0])), "indices to be integers"),
    ],
)
def test_what_mxnet_cannot_hold_is_not_written(value, problem):
    with pytest.raises(FormatError, match=f"'w': .*{problem}"):
        body_chunks(value, "'w'")


def dense(ndim=1, dims=(2,), dtype=0, storage=0, magic=V2, data=b"\0" * 8):
    return struct.pack(f"<Iii{len(dims)}qiii", magic, storage, ndim, *dims, 1, 0, dtype) + data


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x01\x00", "offset 0: array: version: expected 4 bytes, got 2"),
        (struct.pack("<I", 0x12345678), "version magic or at most 32 dimensions, got 0x12345678"),
        (dense(ndim=33), "offset 8: .*0 to 32 dimensions, got 33"),
        (dense(ndim=-1), "0 to 32 dimensions, got -1"),
        (dense(dims=(-2,)), "dimensions of 0 or more"),
        (dense(dtype=13), "dtype code from 0 to 12, got 13"),
        (dense(dtype=-1), "dtype code from 0 to 12, got -1"),
        (dense(storage=3), "storage type 0 or 1 or 2, got 3"),
        (dense(storage=1, magic=V3), "storage type 0, got 1"),
        (dense(dims=(2**62,)), "beyond any memory"),
        (dense(ndim=2, dims=(0, 2**62)), "beyond any memory"),
        (dense(dims=(3,)), r"float32 \(3,\): expected 12 bytes, got 8 \(the file is truncated at byte 40\)"),
        (dense(dtype=7, data=b"\1\2"), "bools of 0 or 1, got 2"),
    ],
)
def test_damage_is_located(data, problem):
    with pytest.raises(FormatError, match=problem):
        read(data)
