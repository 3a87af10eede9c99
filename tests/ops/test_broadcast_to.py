from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (1, 3)}, {"shape": [4, 3]}, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 1, 1)}, {"shape": [0, 3, 4]}),
    Case({"data": (2, 3)}, {"shape": [0, 3]}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_to", case, rng)


def test_zeros_keep_axes():
    assert inferred("broadcast_to", {"shape": [0, 4]}, (3, 1)) == ([(3, 1)], (3, 4))
    assert inferred("broadcast_to", {"shape": [0, 4]}, (None, 1), out=(5, 4)) == ([(5, 1)], (5, 4))
    assert inferred("broadcast_to", {"shape": [0, 4]}, None)[1] == (None, 4)
    assert forward("broadcast_to", {"shape": [2, 2]}, data=[[1], [2]]).tolist() == [[1, 1], [2, 2]]


@pytest.mark.parametrize("shape", [(3, 2), (3,), (1, 3, 1)])
def test_other_sizes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"every axis of 'data' .* must be 1 or as in shape \(3, 4\)"):
        inferred("broadcast_to", {"shape": [3, 4]}, shape)
