from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 3, 4)}, {"shape": (6, 4)}, dtypes=BOTH),
    Case({"data": (2, 3, 4)}, {"shape": (0, -1)}),
    Case({"data": (2, 3, 4)}, {"shape": (-3, 0)}),
    Case({"data": (2, 3, 4)}, {"shape": (-4, 1, 2, -2)}),
    Case({"data": (2, 3, 4)}, {"shape": (-1, 0), "reverse": True}),
]

# (shape, reverse) -> the output of data (2, 3, 4) in MXNet 1.9.1
MXNET = [
    ((2, 12), False, (2, 12)), ((0, -1), False, (2, 12)), ((-2,), False, (2, 3, 4)), ((-3, 0), False, (6, 4)),
    ((-3, -2), False, (6, 4)), ((-4, 1, 2, -2), False, (1, 2, 3, 4)), ((0, -4, -1, 3, 0), False, (2, 1, 3, 4)),
    ((-1,), False, (24,)), ((0, 0, -1), False, (2, 3, 4)), ((-4, -1, 2, 0, 0), False, (1, 2, 3, 4)),
    ((-1, 0), True, (6, 4)), ((0, -3), False, (2, 12)), ((-1, 4), False, (6, 4)), ((-2, 1), False, (2, 3, 4, 1)),
    ((-3, -1), False, (6, 4)), ((0, -3), True, (2, 12)),
    ((2, -2), False, (2, 3, 4)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("reshape", case, rng)


@pytest.mark.parametrize(("shape", "reverse", "want"), MXNET)
def test_codes_are_read_as_in_mxnet(shape, reverse, want):
    assert inferred("reshape", {"shape": shape, "reverse": reverse}, (2, 3, 4))[1] == want


def test_nothing_left_is_1():
    # MXNet infers (2, 3, 1, 1) here, and fails when it runs.
    assert inferred("reshape", {"shape": (0, -2, -1)}, (2, 3, 4))[1] == (2, 3, 4, 1)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((-1, -1), "only one -1"),
        ((0, 0, 0, 0), "code 0 needs one axis more"),
        ((-3, -3), "code -3 needs one axis more"),
        ((-2, -3), "code -3 needs one axis more"),
        ((-4, -1, -1, 12), "one of which may be -1"),
        ((-4, 2), "after -4 come two sizes"),
        ((-4, 2, 2, 0, 0), "an axis of 2 cannot be split into 2 and 2"),
        ((-4, 3, -1, 0, 0), "cannot be split into parts of 3"),
        ((5, 5), r"'data' \(2, 3, 4\) has another number of elements than \(5, 5\)"),
        ((-1, 5), "has another number of elements"),
        ((0, 0), "has another number of elements"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape, text):
    with pytest.raises(ShapeError, match=f"reshape 'y': .*{text}"):
        inferred("reshape", {"shape": shape}, (2, 3, 4))


def test_unknown_axes_stay_unknown_or_are_found_from_the_other_side():
    assert inferred("reshape", {"shape": (0, -1)}, (None, 3, 4))[1] == (None, 12)
    assert inferred("reshape", {"shape": (-1, 4)}, (None, 3, 4))[1] == (None, 4)
    assert inferred("reshape", {"shape": (-2, 1)}, (None, None))[1] == (None, None, 1)
    assert inferred("reshape", {"shape": (0, -1)}, (None, 3, 4), out=(5, 12))[0] == [(5, 3, 4)]
    assert inferred("reshape", {"shape": (6, 4)}, None)[1] == (6, 4)
    assert inferred("reshape", {"shape": (6, 4)}, (None, 8)) == ([(3, 8)], (6, 4))


def test_elements_keep_their_order():
    assert forward("reshape", {"shape": (3, 2)}, data=[[1, 2, 3], [4, 5, 6]]).tolist() == [[1, 2], [3, 4], [5, 6]]
