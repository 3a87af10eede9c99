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
    Case(
        {"data": (3, 4)},
        {"use_sequence_length": True, "axis": 1},
        make={"sequence_length": lengths},
        fixed=("sequence_length",),
    ),
    Case({"data": (4, 3, 2)}),
    Case({"data": (3, 4, 2)}, {"axis": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("sequence_last", case, rng)


USED = {"use_sequence_length": True}


def test_values_are_mxnets():
    x = np.arange(6.0).reshape(3, 2)
    assert forward("sequence_last", {}, data=x).tolist() == [4, 5]
    assert forward("sequence_last", USED, data=x, sequence_length=[1.9, 2]).tolist() == [0, 3]
    assert forward("sequence_last", {**USED, "axis": 1}, data=x, sequence_length=[1, 2, 1]).tolist() == [0, 3, 4]
    assert backward("sequence_last", USED, [7, 8], data=x, sequence_length=[1, 3])["data"].tolist() == [
        [7, 0], [0, 0], [0, 8],
    ]  # fmt: skip


def test_lengths_outside_are_the_nearest():
    assert forward("sequence_last", USED, data=[[1, 2], [3, 4]], sequence_length=[0, 9]).tolist() == [1, 4]


def test_shapes():
    assert inferred("sequence_last", {"axis": 1}, (4, 3, 2))[1] == (4, 2)
    assert inferred("sequence_last", USED, None, None, out=(3, 2))[0] == [(None, 3, 2), (3,)]
    with pytest.raises(ShapeError, match="sequences without steps have no last one"):
        inferred("sequence_last", {}, (0, 3))
