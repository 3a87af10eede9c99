from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (3, 4, 5)}, {"begin": (0, 1), "end": (2, 3)}, dtypes=BOTH),
    Case({"data": (3, 4)}, {"begin": (None, 3), "end": (None, None), "step": (2, -2)}),
    Case({"data": (3, 4)}, {"begin": (-2,), "end": (9,)}),
    Case({"data": (1, 2, 4, 6)}, {"begin": (0, 0, 1, 1), "end": (None, None, 3, 6), "step": (1, 1, 1, 2)}),
]
X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("slice", case, rng)


@pytest.mark.parametrize(
    ("params", "want"),
    [
        ({"begin": (None, 1), "end": (None, None)}, X[:, 1:]),
        ({"begin": (-5,), "end": (2,)}, X[-5:2]),
        ({"begin": (0, 0, 3), "end": (None, None, 0), "step": (1, 1, -1)}, X[..., 3:0:-1]),
        ({"begin": (0, 0, None), "end": (None, None, -3), "step": (1, 1, -2)}, X[..., :-3:-2]),
        ({"begin": (0, 0, 7), "end": (None, None, None), "step": (1, 1, -1)}, X[..., ::-1]),
        ({"begin": (0, 0, 3), "end": (None, None, -5), "step": (1, 1, -1)}, X[..., ::-1]),
        ({"begin": (1,), "end": (2,), "step": (None,)}, X[1:]),
        ({"begin": (1,), "end": (0,)}, X[1:0]),
        ({"begin": (0, 0, 1), "end": (2, 3, 1)}, X[..., 1:1]),
    ],
)
def test_ranges_are_cut_as_in_python_and_mxnet(params, want):
    got = forward("slice", params, data=X)
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)


def test_the_gradient_is_zero_outside():
    dx = backward("slice", {"begin": (3,), "end": (None,), "step": (-2,)}, [1, 2], data=np.zeros(5))["data"]
    assert dx.tolist() == [0, 2, 0, 1, 0]


def test_axes_that_are_not_cut_are_known_from_either_side():
    params = {"begin": (1,), "end": (3,)}
    assert inferred("slice", params, (5, None), out=(2, 7)) == ([(5, 7)], (2, 7))
    assert inferred("slice", params, None, out=(2, 7)) == ([(None, 7)], (2, 7))
    assert inferred("slice", params, (None, 7)) == ([(None, 7)], (None, 7))


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"begin": (0, 1), "end": (2,)}, "must have one value per axis each"),
        ({"begin": (0, 1), "end": (2, 3), "step": (1,)}, "must have one value per axis each"),
        ({"begin": (0,), "end": (1,), "step": (0,)}, "must not hold 0"),
        ({"begin": (0,) * 4, "end": (1,) * 4}, r"more values than 'data' \(2, 3, 4\) has axes"),
    ],
)
def test_what_cannot_be_cut_is_refused(params, text):
    with pytest.raises(ShapeError, match=f"slice 'y': .*{text}"):
        inferred("slice", params, (2, 3, 4))
