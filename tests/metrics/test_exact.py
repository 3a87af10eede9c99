"""Sums without rounding, against fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.metrics import _exact

ON_THE_GRID = st.floats(-(2.0**96), 2.0**96).map(lambda x: math.ldexp(math.trunc(math.ldexp(x, 96)), -96))


@given(st.lists(ON_THE_GRID, max_size=20), st.data())
def test_equals_the_sum_of_fractions_in_any_order(values, data):
    expected = sum((Fraction(v) for v in values), Fraction())
    mixed = data.draw(st.permutations(values))
    cut = data.draw(st.integers(0, len(values)))
    whole = _exact.limbs(np.array(values))
    split = _exact.limbs(np.array(mixed[:cut])) + _exact.limbs(np.array(mixed[cut:]))
    assert _exact.exact(whole) == expected
    assert split.tobytes() == whole.tobytes()
    assert _exact.total(whole) == float(expected)


def test_what_plain_addition_loses():
    values = np.array([1e16, 1.0, -1e16, 2.0**-96])
    assert _exact.exact(_exact.limbs(values)) == 1 + Fraction(2) ** -96


def test_below_the_grid_is_cut_off():
    assert _exact.total(_exact.limbs(np.array([2.0**-97, -(2.0**-1000), 0.0]))) == 0.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [([math.inf, 1.0], math.inf), ([-math.inf, 1.0], -math.inf), ([1e300, 1.0], 1e300), ([1e308, 1e308], math.inf)],
)
def test_beyond_the_grid(values, expected):
    assert _exact.total(_exact.limbs(np.array(values))) == expected


@pytest.mark.parametrize("values", [[math.nan, 1.0], [math.inf, -math.inf]])
def test_not_a_number(values):
    assert math.isnan(_exact.total(_exact.limbs(np.array(values))))


def test_names():
    assert _exact.names("loss")[0] == "loss_0"
    assert len(_exact.names("loss")) == len(_exact.limbs(np.zeros(3))) == 7
