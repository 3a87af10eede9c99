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
        {"use_sequence_length": True},
        make={"sequence_length": lengths},
        fixed=("sequence_length",),
    ),
    Case({"data": (4, 3)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("sequence_reverse", case, rng)


def test_values_are_mxnets():
    x, params = np.arange(6.0).reshape(3, 2), {"use_sequence_length": True}
    assert forward("sequence_reverse", {}, data=x).tolist() == [[4, 5], [2, 3], [0, 1]]
    assert forward("sequence_reverse", params, data=x, sequence_length=[0, 2]).tolist() == [[0, 3], [2, 1], [4, 5]]
    assert backward("sequence_reverse", params, x, data=x, sequence_length=[3, 1])["data"].tolist() == [
        [4, 1], [2, 3], [0, 5],
    ]  # fmt: skip


def test_shapes():
    assert inferred("sequence_reverse", {"use_sequence_length": True}, (4, None), (3,))[1] == (4, 3)
    with pytest.raises(ShapeError, match="must have one type"):
        inferred("sequence_reverse", {}, (4, 3), out=(4, 2))
