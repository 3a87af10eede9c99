from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (2, 4, 3, 5)}, {"num_groups": 2}),
    Case({"data": (2, 4, 6)}, {"num_groups": 4, "eps": 0.1}),
    Case({"data": (2, 3, 2, 3, 2)}, {}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("group_norm", case, rng)


def test_scale_and_shift_are_one_per_group():
    data = np.array([[[1.0], [3], [5], [5]]])
    y = forward("group_norm", {"num_groups": 2, "eps": 1e-12}, data=data, gamma=[2.0, 1], beta=[1.0, 7])
    np.testing.assert_allclose(y, [[[-1], [3], [7], [7]]], atol=1e-9)


def test_shapes():
    assert inferred("group_norm", {"num_groups": 2}, (3, 4, 5), None, None)[0] == [(3, 4, 5), (2,), (2,)]
    with pytest.raises(ShapeError, match="4 channels of 'data' must be a multiple of num_groups 3"):
        inferred("group_norm", {"num_groups": 3}, (3, 4, 5), None, None)
    with pytest.raises(ShapeError, match=r"must have the axes \(N, C, S...\), got \(3, 4\)"):
        inferred("group_norm", {}, (3, 4), None, None)
