from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [Case({}, {"start": 2, "stop": 7, "step": 2, "repeat": 2}), Case({}, {"start": 3, "dtype": "int32"})]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("arange", case, rng)


@pytest.mark.parametrize(
    ("params", "want"),
    [
        ({"start": 2, "stop": 7, "step": 2}, [2, 4, 6]),
        ({"start": 3}, [0, 1, 2]),
        ({"start": 1, "stop": 0, "step": -0.5, "repeat": 2}, [1, 1, 0.5, 0.5]),
    ],
)
def test_values_are_mxnets(params, want):
    assert forward("arange", params).tolist() == want


def test_how_many_there_are():
    assert inferred("arange", {"infer_range": True}, out=(5,))[1] == (5,)
    with pytest.raises(ShapeError, match="arange 'y': start 0.0, stop 0.0 .* at least one number"):
        inferred("arange", {"start": 0})
