from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (2, 3, 4)}),
    Case({"data": (7,)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("div_sqrt_dim", case, rng)


def test_the_last_axis_counts():
    assert forward("div_sqrt_dim", {}, data=[[2, 4, 6, 8]]).tolist() == [[1, 2, 3, 4]]
    with pytest.raises(ShapeError, match="'data' must have an axis"):
        inferred("div_sqrt_dim", {}, ())
