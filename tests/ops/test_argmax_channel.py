from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"data": (3, 5)}, distinct=True, smooth=False),
    Case({"data": (2, 3, 4)}, distinct=True, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("argmax_channel", case, rng)


def test_the_first_of_equal_ones_as_in_mxnet():
    assert forward("argmax_channel", {}, data=[[1, 3, 3], [2, 1, 0]]).tolist() == [1, 0]
    assert backward("argmax_channel", {}, [1, 1], data=[[1, 3, 3], [2, 1, 0]]) == {}
    with pytest.raises(ShapeError, match=r"must have the axes \(N, C, ...\) and channels"):
        inferred("argmax_channel", {}, (2,))
