from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.sources import csv


@pytest.fixture
def write(tmp_path):
    """(text, name) -> path."""

    def make(text, name="a.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(tmp_path / name)

    return make


def test_as_mxnet_two_files(write, open_source):
    data, labels = write("1,2,3,4\n5,6,7,8\n"), write("0\n1\n", "y.csv")
    source = open_source("csv", path=data, label_path=labels, data_shape=[2, 2])
    rows = source.read(np.array([1, 0]))
    assert rows.inputs["data"].tolist() == [[[5, 6], [7, 8]], [[1, 2], [3, 4]]]
    assert rows.labels["softmax_label"].tolist() == [1, 0]
    assert rows.inputs["data"].dtype == rows.labels["softmax_label"].dtype == np.float32


def test_labels_by_column_name(write, open_source):
    source = open_source("csv", path=write("x,label,y\n1,0,2\n3,1,4\n"), label_columns=["label"])
    rows = source.read(np.arange(2))
    assert rows.inputs["data"].tolist() == [[1, 2], [3, 4]]
    assert rows.labels["softmax_label"].tolist() == [0, 1]


def test_columns_by_number_and_several_labels(write, open_source):
    source = open_source("csv", path=write("1,2,3,4\n5,6,7,8"), label_columns=[-1, 0], data_columns=[2])
    rows = source.read(np.array([1]))
    assert rows.inputs["data"].tolist() == [[7]]
    assert rows.labels["softmax_label"].tolist() == [[8, 5]]


def test_no_labels(write, open_source):
    assert open_source("csv", path=write("1,2\n")).read(np.array([0])).labels == {}


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        ("a,b\n1,2\n", "auto", 1),
        ("1,2\n3,4\n", "auto", 2),
        ("1,2\n3,4\n", True, 1),
        ("1,2\n3,4\n", False, 2),
        ('"a","b"\n"1","2"\n', "auto", 1),
        ("\ufeff1,2\r\n\r\n3,4\r\n", "auto", 2),
        (" 1 , 2e0\n-3,+4.5", "auto", 2),
    ],
)
def test_headers_and_spellings(write, text, header, rows):
    from pathlib import Path

    table = csv.read(Path(write(text)), header=header)
    assert table.values.shape == (rows, 2)


def test_another_delimiter(write, open_source):
    assert open_source("csv", path=write("1\t2\n3\t4\n"), delimiter="\t").read(np.array([1])).inputs[
        "data"
    ].tolist() == [[3, 4]]


def test_many_rows(write, open_source, rng):
    values = rng.standard_normal((10_000, 3)).astype(np.float32)
    source = open_source("csv", path=write("\n".join(",".join(map(repr, map(float, row))) for row in values)))
    np.testing.assert_array_equal(source.read(np.arange(10_000)).inputs["data"], values)


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("nan", "'nan'"), ("inf", "'inf'"), ("", "an empty cell"), ("x7", "'x7'"), ("1e39", "'1e39'"), ("1_0", "'1_0'")],
)
def test_the_line_of_a_bad_cell(write, open_source, cell, shown):
    text = "a,b\n" + "1,2\n" * 5000 + "\n" + f"3,{cell}\n" + "1,2\n"
    with pytest.raises(FormatError) as error:
        open_source("csv", path=write(text))
    assert f"a.csv:5003: column 1: expected a finite number, got {shown}" in str(error.value)


def test_a_line_of_another_width(write, open_source):
    with pytest.raises(FormatError, match=r"a\.csv:3: 3 cells; the first line has 2"):
        open_source("csv", path=write("1,2\n3,4\n5,6,7\n"))


@pytest.mark.parametrize(
    ("text", "params", "message"),
    [
        ("", {}, "empty; expected rows of numbers"),
        ("a,b\n", {}, "a header and no rows"),
        (b"1,2\n\xff\xfe,4\n", {}, "not UTF-8 text: byte ff"),
        ("1,2\n", {"label_columns": [2]}, "no column 2; there are 2, numbered from 0"),
        ("1,2\n", {"label_columns": ["y"]}, "no one column 'y'; it has no header"),
        ("a,b\n1,2\n", {"label_columns": ["y"]}, "no one column 'y'; its header has: a, b"),
        ("a,a\n1,2\n", {"label_columns": ["a"]}, "no one column 'a'"),
        ("1,2\n", {"label_columns": [0, 1]}, "all are labels; none is left"),
        ("1,2\n", {"data_shape": [3]}, r"takes 3 columns, there are 2"),
        ("1,7\n", {"label_columns": [1], "classes": ["a", "b"]}, "row 0 has label 7"),
        ("1,7\n", {"label_columns": [1], "label_path": "x"}, "give one of them"),
    ],
)
def test_files_that_do_not_fit(write, open_source, text, params, message):
    with pytest.raises(DataError, match=message):
        open_source("csv", path=write(text), **params)


def test_fewer_labels_than_samples(write, open_source):
    with pytest.raises(DataError, match=r"y\.csv: 1 labels, but .*a\.csv holds 2 samples"):
        open_source("csv", path=write("1\n2\n"), label_path=write("1\n", "y.csv"))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='0123456789.,eE+-"\n\r naif#_\x00é', max_size=60))
def test_any_text_is_a_table_or_a_clean_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        table = csv.read(path)
    except FormatError as error:
        assert "any.csv" in str(error)
    else:
        assert np.isfinite(table.values).all()
        assert table.values.ndim == 2
