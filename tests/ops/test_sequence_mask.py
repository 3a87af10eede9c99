from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def lengths(rng, shape):
    return rng.integers(1, 4, shape)


CASES = [
    Case(
        {"data": (4, 3, 2)},
        {"use_sequence_length": True, "value": 2.5},
        make={"sequence_length": lengths},
        fixed=("sequence_length",),
    ),
    Case(
        {"data": (3, 4)},
        {"use_sequence_length": True, "axis": 1},
        make={"sequence_length": lengths},
        fixed=("sequence_length",),
    ),
    Case({"data": (4, 3)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("sequence_mask", case, rng)


USED = {"use_sequence_length": True}


def test_values_are_mxnets():
    x = np.arange(6.0).reshape(3, 2)
    params = {**USED, "value": -1}
    assert forward("sequence_mask", params, data=x, sequence_length=[0, 2]).tolist() == [[-1, 1], [-1, 3], [-1, -1]]
    params["axis"] = 1
    assert forward("sequence_mask", params, data=x, sequence_length=[1, 5, 0]).tolist() == [[0, -1], [2, 3], [-1, -1]]
    assert backward("sequence_mask", params, x + 1, data=x, sequence_length=[1, 2, 0])["data"].tolist() == [
        [1, 0], [3, 4], [0, 0],
    ]  # fmt: skip


def test_shapes_go_around():
    assert inferred("sequence_mask", USED, (4, None, 2), (3,)) == ([(4, 3, 2), (3,)], (4, 3, 2))
    assert inferred("sequence_mask", {**USED, "axis": 1}, (4, 3), None) == ([(4, 3), (4,)], (4, 3))
    with pytest.raises(ShapeError, match=r"must have the axes \(T, N, ...\)"):
        inferred("sequence_mask", USED, (4,), None)
