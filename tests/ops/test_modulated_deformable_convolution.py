from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward

DATA = {"data": (2, 4, 6, 7)}
CASES = [
    Case(DATA, {"kernel": 3, "num_filter": 4, "pad": 1}),
    Case(DATA, {"kernel": 3, "num_filter": 4, "num_group": 2, "num_deformable_group": 2, "no_bias": True}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("modulated_deformable_convolution", case, rng)


def read_at(place, mask=1.0):
    """What a window of one element reads at (0, place) of a row of three."""
    offset = np.array([0, float(place)]).reshape(1, 2, 1, 1) * np.ones((1, 2, 1, 3))
    arrays = {"data": np.array([[[[10.0, 20, 30]]]]), "offset": offset, "mask": np.full((1, 1, 1, 3), mask)}
    how = {"kernel": 1, "num_filter": 1, "no_bias": True}
    return float(forward("modulated_deformable_convolution", how, weight=[[[[1.0]]]], **arrays)[0, 0, 0, 0])


def test_the_image_fades_out_and_the_mask_weighs():
    np.testing.assert_allclose([read_at(p) for p in (-1, -0.5, 0, 2, 2.5, 3)], [0, 5, 10, 30, 15, 0])
    assert read_at(1, 0.25) == 5
