from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"data": (2, 3)}, {"repeats": 3}),
    Case({"data": (2, 3, 4)}, {"repeats": 2, "axis": 1}, dtypes=("float32", "bfloat16")),
    Case({"data": (4,)}, {"repeats": 2, "axis": -1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("repeat", case, rng)


def test_elements_come_in_a_row():
    assert forward("repeat", {"repeats": 2}, data=[[1, 2], [3, 4]]).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert forward("repeat", {"repeats": 2, "axis": 0}, data=[[1, 2], [3, 4]]).tolist() == [
        [1, 2],
        [1, 2],
        [3, 4],
        [3, 4],
    ]
    assert backward("repeat", {"repeats": 2}, [1, 2, 3, 4], data=[5, 6])["data"].tolist() == [3, 7]


def test_shapes_go_around():
    assert inferred("repeat", {"repeats": 3}, (2, 3))[1] == (18,)
    assert inferred("repeat", {"repeats": 3, "axis": 1}, None, out=(2, 9)) == ([(2, 3)], (2, 9))
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        inferred("repeat", {"repeats": 3, "axis": 2}, (2, 3))
