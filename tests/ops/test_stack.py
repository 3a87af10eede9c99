from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"arg0": (2, 3), "arg1": (2, 3)}, {"num_args": 2}, dtypes=("float32", "bfloat16")),
    Case({"arg0": (2, 3, 4), "arg1": (2, 3, 4), "arg2": (2, 3, 4)}, {"num_args": 3, "axis": 1}),
    Case({"arg0": (2, 3)}, {"num_args": 1, "axis": -1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("stack", case, rng)


def test_the_new_axis_stands_where_it_is_asked():
    pair = {"arg0": [1, 2], "arg1": [3, 4]}
    assert forward("stack", {"num_args": 2}, **pair).tolist() == [[1, 2], [3, 4]]
    assert forward("stack", {"num_args": 2, "axis": -1}, **pair).tolist() == [[1, 3], [2, 4]]
    dy = backward("stack", {"num_args": 2, "axis": 1}, [[1, 2], [3, 4]], **pair)
    assert (dy["arg0"].tolist(), dy["arg1"].tolist()) == ([1, 3], [2, 4])


def test_shapes_go_around():
    two = {"num_args": 2, "axis": 1}
    assert inferred("stack", two, (2, None), (None, 3)) == ([(2, 3), (2, 3)], (2, 2, 3))
    assert inferred("stack", two, None, None, out=(4, 2, 5)) == ([(4, 5), (4, 5)], (4, 2, 5))
    with pytest.raises(ShapeError, match="axis 1 of the output must be 2, one for each input"):
        inferred("stack", two, None, None, out=(4, 3, 5))
