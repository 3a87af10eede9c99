from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, inferred, node_of

CASES = [
    Case({"data": (2, 6, 3)}, {"sections": 3}),
    Case({"data": (2, 7, 3)}, {"sections": 3, "axis": 1}, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 6)}, {"indices": (0, 1, 4), "axis": -1}),
    Case({"data": (3, 2)}, {"sections": 3, "axis": 0, "squeeze_axis": True}),
    Case({"data": (3, 2)}, {"axis": 0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("split_v2", case, rng)


def parts(params, shape):
    arrays = {"data": np.zeros(shape)}
    return [t.shape for t in node_of("split_v2", params, arrays).types]


def test_the_first_parts_have_what_is_left_as_in_mxnet():
    assert parts({"sections": 3, "axis": 1}, (2, 8)) == [(2, 3), (2, 3), (2, 2)]
    assert parts({"indices": (0, 1, 3)}, (2, 8)) == [(2, 1), (2, 2), (2, 5)]
    assert parts({"sections": 2, "squeeze_axis": True}, (5, 2)) == [(5,), (5,)]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"sections": 9}, r"axis 1 of 'data' \(8\) is too short for 9 sections"),
        ({"indices": (1, 3)}, r"indices \(1, 3\) must begin with 0 and rise"),
        ({"indices": (0, 5, 3)}, r"must begin with 0 and rise"), ({"indices": (0, 8)}, r"below the 8 of axis 1"),
        ({"sections": 2, "squeeze_axis": True}, r"squeeze_axis needs parts of 1 along axis 1, got \[4, 4\]"),
    ],
)  # fmt: skip
def test_parts_that_cannot_be(params, text):
    with pytest.raises(ShapeError, match=text):
        inferred("split_v2", params, (2, 8))


def test_a_part_without_a_gradient_gets_zeros():
    assert backward("split_v2", {"indices": (0,)}, [[1, 2]], data=[[5, 6]])["data"].tolist() == [[1, 2]]
    assert inferred("split_v2", {"sections": 2}, None, out=(3, 4, 5))[0] == [(3, None, 5)]
