from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

LIKE = ("arg1",)
CASES = [
    Case({"arg0": (2, 3, 6, 7)}, {"num_args": 1, "h_w": (2, 3), "offset": (1, 2)}, dtypes=("float32", "bfloat16")),
    Case({"arg0": (2, 3, 6, 7)}, {"num_args": 1, "h_w": (3, 4), "center_crop": True}),
    Case({"arg0": (2, 3, 6, 7), "arg1": (1, 4, 5, 4)}, {"num_args": 2, "offset": (1, 0)}, fixed=LIKE),
    Case({"arg0": (2, 3, 6, 7), "arg1": (1, 4, 5, 4)}, {"num_args": 2, "center_crop": True}, fixed=LIKE),
]
X = np.arange(36.0).reshape(1, 1, 6, 6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("crop", case, rng)


@pytest.mark.parametrize(
    ("params", "first", "size"),
    [
        ({"offset": (1, 2), "h_w": (2, 3)}, (1, 2), (2, 3)),
        ({"h_w": (3, 3), "center_crop": True}, (1, 1), (3, 3)),
        ({"h_w": (2, 3), "center_crop": True, "offset": (1, 1)}, (2, 1), (2, 3)),
    ],
)
def test_windows_lie_where_mxnet_has_them(params, first, size):
    (y, x), (h, w) = first, size
    np.testing.assert_array_equal(forward("crop", {"num_args": 1, **params}, arg0=X), X[..., y : y + h, x : x + w])


def test_the_second_input_is_only_measured():
    like = np.zeros((3, 5, 2, 4))
    np.testing.assert_array_equal(forward("crop", {"num_args": 2}, arg0=X, arg1=like), X[..., :2, :4])
    assert set(backward("crop", {"num_args": 2}, np.ones((1, 1, 2, 4)), arg0=X, arg1=like)) == {"arg0"}


def test_what_is_known_goes_both_ways():
    two, none = {"num_args": 2}, (None, None, None, None)
    assert inferred("crop", two, none, None, out=(2, 3, 4, 5))[0] == [(2, 3, None, None), (None, None, 4, 5)]
    assert inferred("crop", {"num_args": 1, "h_w": (2, 2)}, None, out=(2, 3, None, None))[1] == (2, 3, 2, 2)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, r"h_w must be given where there is one input, got \(0, 0\)"),
        ({"h_w": (7, 3)}, r"the crop's height \(7 from 0\) is more than that of 'arg0' \(6\)"),
        ({"h_w": (5, 3), "offset": (2, 0)}, r"the crop's height \(5 from 2\) is more"),
        ({"h_w": (2, 7), "center_crop": True}, r"the crop's width \(7\) is more"),
    ],
)
def test_windows_outside_are_refused(params, text):
    with pytest.raises(ShapeError, match=f"crop 'y': {text}"):
        inferred("crop", {"num_args": 1, **params}, X.shape)
