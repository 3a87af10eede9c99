from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

BOTH = ("float32", "bfloat16")
WIDTH = (0, 0, 0, 0, 1, 1, 1, 2)
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"mode": "constant", "pad_width": WIDTH, "constant_value": 1.5}, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {"mode": "edge", "pad_width": WIDTH}, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {"mode": "reflect", "pad_width": WIDTH}, dtypes=BOTH),
    Case({"data": (1, 2, 3, 2, 3)}, {"mode": "reflect", "pad_width": (0, 0, 0, 0, 2, 1, 1, 1, 0, 2)}),
    Case({"data": (3, 2)}, {"mode": "edge", "pad_width": (4, 0, 1, 3)}),
]
X = np.array([[[[1.0, 2, 3], [4, 5, 6]]]])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("pad", case, rng)


@pytest.mark.parametrize(
    ("mode", "y", "dx"),
    [
        ("constant", [[9, 9, 9, 9, 9, 9], [9, 1, 2, 3, 9, 9], [9, 4, 5, 6, 9, 9], [9, 9, 9, 9, 9, 9]], [[1] * 3] * 2),
        ("edge", [[1, 1, 2, 3, 3, 3]] * 2 + [[4, 4, 5, 6, 6, 6]] * 2, [[4, 2, 6], [4, 2, 6]]),
        ("reflect", [[5, 4, 5, 6, 5, 4], [2, 1, 2, 3, 2, 1]] * 2, [[4, 6, 2], [4, 6, 2]]),
    ],
)
def test_borders_and_gradients_are_mxnets(mode, y, dx):
    params = {"mode": mode, "pad_width": WIDTH, "constant_value": 9}
    assert forward("pad", params, data=X)[0, 0].tolist() == y
    assert backward("pad", params, np.ones((1, 1, 4, 6)), data=X)["data"][0, 0].tolist() == dx


def test_either_side_follows_from_the_other():
    params = {"mode": "constant", "pad_width": (1, 2, 0, 3)}
    assert inferred("pad", params, None, out=(5, None)) == ([(2, None)], (5, None))
    assert inferred("pad", params, (None, 4), out=(5, None)) == ([(2, 4)], (5, 7))


@pytest.mark.parametrize(
    ("mode", "width", "text"),
    [
        ("reflect", (0, 0, 0, 3), "axis 1 of 'data' must be at least 4 for reflect borders of (0, 3), got 3"),
        ("constant", (0, 0, 0), "pad_width (0, 0, 0) must have two values per axis"),
        ("edge", (1, 1), "pad_width (1, 1) must have two values for each axis of 'data', got (2, 3)"),
    ],
)
def test_borders_that_do_not_fit_are_refused(mode, width, text):
    with pytest.raises(ShapeError) as e:
        inferred("pad", {"mode": mode, "pad_width": width}, (2, 3))
    assert str(e.value) == f"pad 'y': {text}"


def test_an_output_smaller_than_its_borders_is_refused():
    with pytest.raises(ShapeError, match="axis 0 of 'data' must be at least 0"):
        inferred("pad", {"mode": "constant", "pad_width": (2, 2)}, None, out=(3,))
