from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import DataError
from mxtrain.data.packing.choose import hold_out, order, parts


def test_hold_out():
    labels = [(float(k),) for k, count in ((0, 10), (1, 30), (5, 20)) for _ in range(count)]
    held = hold_out(labels, 0.1, True, 3)
    assert [held[a:b].sum() for a, b in ((0, 10), (10, 40), (40, 60))] == [1, 3, 2]
    np.testing.assert_array_equal(held, hold_out(labels, 0.1, True, 3))
    assert (hold_out(labels, 0.1, True, 4) != held).any()
    assert hold_out(labels, 0.25, False, 0).sum() == 15


def test_an_empty_set_is_refused():
    labels = [(0.0,)] * 3
    for fraction in (0.01, 1.0):
        with pytest.raises(DataError, match="take another fraction"):
            hold_out(labels, fraction, False, 0)
    with pytest.raises(DataError, match="image 1 of the list has 2"):
        hold_out([(0.0,), (0.0, 1.0)], 0.5, True, 0)


def test_order():
    assert order(5, False, 0).tolist() == [0, 1, 2, 3, 4]
    mixed = order(50, True, 1)
    assert sorted(mixed.tolist()) == list(range(50)) and mixed.tolist() != list(range(50))
    assert mixed.tolist() == order(50, True, 1).tolist() != order(50, True, 2).tolist()


@given(st.integers(0, 1000), st.integers(1, 50))
def test_parts(count, number):
    found = parts(count, number)
    assert len(found) == number and [found[0][0], found[-1][1]] == [0, count]
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    sizes = [b - a for a, b in found]
    assert max(sizes) - min(sizes) <= 1
