from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [Case({"data": (2, 3, 5, 7)}, {"output_size": s}) for s in [(), (1,), (3,), (2, 5), (9, 4)]]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("adaptive_avg_pooling", case, rng)


def test_windows_overlap_where_they_do_not_divide_evenly():
    y = forward("adaptive_avg_pooling", {"output_size": (1, 2)}, data=[[[[1.0, 2, 6]]]])
    np.testing.assert_allclose(y, [[[[1.5, 4]]]])
    dx = backward("adaptive_avg_pooling", {"output_size": (1, 2)}, [[[[2.0, 4]]]], data=[[[[1.0, 2, 6]]]])["data"]
    np.testing.assert_allclose(dx, [[[[1, 3, 2]]]])


def test_shapes():
    assert inferred("adaptive_avg_pooling", {}, (2, 3, 5, None))[1] == (2, 3, 1, 1)
    with pytest.raises(ShapeError, match=r"input 'data' must have the axes \(N, C, H, W\)"):
        inferred("adaptive_avg_pooling", {}, (2, 3, 5))
