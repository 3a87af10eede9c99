from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats import ndarray_list
from mxtrain.formats.guess import guess
from mxtrain.formats.symbol_json import load_symbol


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x80\x04\x95" + bytes(40), "a Python pickle"),
        (b"\x0a\x23\xd7\xce" + bytes(40), "a record file: mxtrain pack ls"),
        (b"PK\x03\x04" + bytes(40), "a zip file"),
        (b' \n{\n  "nodes": [], "arg_nodes": []}', "JSON, such as a symbol file"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of git-lfs"),
    ],
)
def test_what_is_no_file_of_arrays(data, text):
    with pytest.raises(FormatError, match=f"expected magic 0x112, got .*; it is {text}"):
        ndarray_list.load(data, "x.params")


@pytest.mark.parametrize("value", [1.0, 2.0e10])
def test_arrays_where_a_symbol_was_expected(value):
    with pytest.raises(FormatError, match=r"; it is a file of arrays \(\.params\)"):
        load_symbol(ndarray_list.dumps({"a": np.full(3, value, np.float32)}), "x-symbol.json")


def test_nothing_is_said_of_other_bytes():
    assert guess(b"") == guess(bytes(64)) == ""
