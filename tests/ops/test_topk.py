from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred, node_of

CASES = [
    Case({"data": (3, 5)}, {"k": 2, "ret_typ": "value"}, distinct=True),
    Case({"data": (2, 4, 3)}, {"k": 3, "axis": 1, "ret_typ": "value", "is_ascend": True}, distinct=True),
    Case({"data": (3, 5)}, {"k": 2}, distinct=True, smooth=False),
    Case({"data": (3, 5)}, {"k": 2, "ret_typ": "mask", "axis": 0}, distinct=True, smooth=False),
    Case({"data": (3, 5)}, {"k": 0, "ret_typ": "both"}, distinct=True, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("topk", case, rng)


X = [[3, 1, 2, 3], [1, 1, 0, 5]]


@pytest.mark.parametrize(
    ("params", "want"),
    [
        ({"k": 2}, [[0, 3], [3, 0]]), ({"k": 2, "ret_typ": "value"}, [[3, 3], [5, 1]]),
        ({"k": 2, "ret_typ": "mask"}, [[1, 0, 0, 1], [1, 0, 0, 1]]), ({"k": 0}, [[0, 3, 2, 1], [3, 0, 1, 2]]),
        ({"k": 3, "ret_typ": "value", "is_ascend": True}, [[1, 2, 3], [0, 1, 1]]), ({"axis": None, "k": 3}, [7, 0, 3]),
        ({"axis": None, "k": 2, "ret_typ": "mask"}, [[1, 0, 0, 0], [0, 0, 0, 1]]),
        ({"axis": 0, "k": 1}, [[0, 0, 0, 1]]),
    ],
)  # fmt: skip
def test_values_are_mxnets(params, want):
    assert forward("topk", params, data=X).tolist() == want


def test_only_elements_have_a_gradient():
    dy = [[1, 2], [3, 4]]
    assert backward("topk", {"k": 2, "ret_typ": "value"}, dy, data=X)["data"].tolist() == [[1, 0, 0, 2], [4, 0, 0, 3]]
    assert backward("topk", {"k": 2}, dy, data=X) == {}


def test_both_outputs_and_their_dtypes():
    node = node_of("topk", {"k": 2, "ret_typ": "both", "dtype": "int32"}, {"data": np.zeros((2, 3))})
    assert [(t.shape, t.dtype) for t in node.types[:2]] == [((2, 2), "float64"), ((2, 2), "int32")]
    assert node.op.visible_outputs(node.params) == 2


def test_more_than_there_are():
    with pytest.raises(ShapeError, match=r"k 5 is more than the 4 elements there are"):
        inferred("topk", {"k": 5}, (2, 4))
