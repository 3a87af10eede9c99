from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.sources import _columns


def test_names_of_rows():
    columns = _columns.Columns({"x": np.zeros((3, 2))}, {}, (Path("/a/b.csv"),))
    assert columns.name(2) == "/a/b.csv: row 2"
    assert columns.report == ()


@pytest.mark.parametrize("values", [np.array([2**24]), np.array([-(2**24)]), np.array([], np.int64), np.array([True])])
def test_integers_that_float32_holds(values):
    _columns.check_numbers(values, "x")


@pytest.mark.parametrize("label", [-1, 2, 0.5, np.nan])
def test_labels_without_a_name(label):
    with pytest.raises(DataError, match="row 1 has label"):
        _columns.check_classes(np.array([0, label], np.float32), ("a", "b"), "x")
