"""Files of arrays looked into: whole, truncated, damaged, and none at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import DataError, FormatError
from mxtrain.formats import ndarray_body, ndarray_list
from mxtrain.report import arrays
from mxtrain.report.arrays import Item

RAW = ndarray_list.dumps(
    {
        "arg:w": np.ones((2, 3), np.float32),
        "aux:m": np.zeros((4,), np.int64),
        "arg:h": ndarray_body.BFloat16(np.zeros((5,), np.uint16)),
    }
)


def test_names_shapes_and_dtypes(tmp_path):
    (tmp_path / "x.params").write_bytes(RAW)
    found = arrays.look(tmp_path / "x.params")
    assert found.items == (
        Item("arg:w", (2, 3), "float32"),
        Item("aux:m", (4,), "int64"),
        Item("arg:h", (5,), "bfloat16"),
    )
    assert (found.bytes, found.problem, found.notices) == (len(RAW), None, ())
    assert [i.size for i in found.items] == [6, 4, 5]
    assert found.to_json()["arrays"][0]["shape"] == [2, 3]


def test_sparse_and_none():
    sparse = ndarray_body.RowSparse((9, 2), np.ones((1, 2), np.float32), np.array([3]))
    assert arrays.read(ndarray_list.dumps({"a": sparse}), "x").items == (Item("a", (9, 2), "float32", "row_sparse"),)
    assert arrays._item("a", None) == Item("a", None, "none") and arrays._item("a", None).size == 0


def test_without_names():
    raw = ndarray_list.dumps([np.ones((2,), np.float32)])
    assert arrays.read(raw, "x").items == (Item(None, (2,), "float32"),)


def test_every_truncation_tells_what_is_whole():
    shapes = [(2, 3), (4,), (5,)]
    counts = set()
    for end in range(24, len(RAW)):
        found = arrays.read(RAW[:end], "x")
        assert found.problem is not None and "x: offset" in found.problem
        assert [i.shape for i in found.items] == shapes[: len(found.items)]
        counts.add(len(found.items))
    assert counts == {0, 1, 2, 3}


def test_what_is_no_list_of_arrays(tmp_path):
    for raw in (b"", b"nonsense" * 10, RAW[:20]):
        (tmp_path / "x").write_bytes(raw)
        with pytest.raises(FormatError, match="offset 0"):
            arrays.look(tmp_path / "x")
    with pytest.raises(DataError, match="cannot be read"):
        arrays.look(tmp_path / "nope")
    with pytest.raises(DataError, match="directory"):
        arrays.look(tmp_path)


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_damage_is_found_or_does_no_harm(place, change):
    raw = bytearray(RAW)
    raw[place] ^= change
    try:
        found = arrays.read(bytes(raw), "x")
    except FormatError:
        return
    assert found.problem is not None or len(found.items) == 3
