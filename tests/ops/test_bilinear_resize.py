from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

DATA = {"data": (2, 3, 5, 6)}
CASES = [
    Case(DATA, {"height": 9, "width": 4}),
    Case(DATA, {"height": 1, "width": 7, "align_corners": False}),
    Case(DATA, {"scale_height": 0.5, "scale_width": 2.5, "align_corners": False}),
    Case(DATA, {"mode": "odd_scale", "scale_height": 2, "scale_width": 2}),
    Case({**DATA, "like": (1, 2, 3, 8)}, {"mode": "like"}, fixed=("like",)),
    Case(DATA, {"mode": "to_even_up"}),
]
ROW = np.array([[[[0.0, 3, 6]]]])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("bilinear_resize", case, rng)


def test_corners_or_edges_stay_where_they_are():
    np.testing.assert_allclose(forward("bilinear_resize", {"width": 5}, data=ROW), [[[[0, 1.5, 3, 4.5, 6]]]])
    y = forward("bilinear_resize", {"width": 6, "align_corners": False}, data=ROW)
    np.testing.assert_allclose(y, [[[[0, 0.75, 2.25, 3.75, 5.25, 6]]]])
    dx = backward("bilinear_resize", {"width": 5}, np.ones((1, 1, 1, 5)), data=ROW)["data"]
    np.testing.assert_allclose(dx, [[[[1.5, 2, 1.5]]]])


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({"mode": "to_even_down"}, (4, 6)),
        ({"mode": "to_even_up"}, (6, 6)),
        ({"mode": "to_odd_down"}, (5, 5)),
        ({"mode": "to_odd_up"}, (5, 7)),
        ({"mode": "odd_scale", "scale_height": 2, "scale_width": 0.5}, (9, 3)),
        ({"scale_height": 1.5, "scale_width": 1.5}, (7, 9)),
        ({"height": 3, "scale_width": 2}, (3, 12)),
    ],
)
def test_sizes(params, size):
    assert inferred("bilinear_resize", params, (2, 3, 5, 6))[1] == (2, 3, *size)


def test_sizes_that_cannot_be():
    with pytest.raises(ShapeError, match="mode odd_scale needs scale_height and scale_width"):
        inferred("bilinear_resize", {"mode": "odd_scale"}, (2, 3, 5, 6))
    with pytest.raises(ShapeError, match="nothing would be left of 5 rows or columns"):
        inferred("bilinear_resize", {"scale_height": 0.1}, (2, 3, 5, 6))
