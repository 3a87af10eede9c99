"""Rows of numbers in text."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.data.text_rows import TextRow, is_header, numbers, split, text_rows


def test_rows_without_header_and_blank_lines():
    lines = ["\ufeffa,b\n", "\n", "1,2\n", "  \n", "3,4"]
    assert list(text_rows("t", lines)) == [TextRow("t", 3, "1,2\n"), TextRow("t", 5, "3,4")]
    assert [r.line for r in text_rows("t", ["\ufeff1,2", "x,y"])] == [1, 2]
    assert list(text_rows("t", [])) == []


def test_quotes():
    assert split('"1",2\r\n', ",") == ["1", "2"] and is_header(['"a"', "1"]) and not is_header(["1", " 2e3 "])


def test_a_row_has_the_shape_of_the_input():
    np.testing.assert_array_equal(numbers(TextRow("t", 1, "1, 2,3,4.5\n"), (2, 2)), np.float32([[1, 2], [3, 4.5]]))


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (TextRow("t", 7, "1,2,3"), "t:7: 3 cells, the net takes 2: the columns of data, no labels"),
        (TextRow("t", 7, "1,"), "t:7: column 1: expected a finite number, got an empty cell"),
        (TextRow("t", 7, "1_0,2"), "t:7: column 0: expected a finite number, got '1_0'"),
        (TextRow("t", 7, "1,1e39"), "t:7: column 1: expected a finite number, got '1e39'"),
        (TextRow("t", 7, "\u0661,1"), "t:7: column 0: expected a finite number, got '\u0661'"),
        (TextRow("t", 0, "", "t: gone"), "t: gone"),
    ],
)
def test_what_is_no_sample(row, text):
    assert numbers(row, (2,)) == text
