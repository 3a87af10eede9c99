from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def flags(rng, shape):
    return rng.integers(0, 2, shape)


COMMON = {"make": {"condition": flags}, "fixed": ("condition",)}
CASES = [
    Case({"condition": (3, 4), "x": (3, 4), "y": (3, 4)}, **COMMON, dtypes=("float32", "bfloat16")),
    Case({"condition": (3,), "x": (3, 4, 2), "y": (3, 4, 2)}, **COMMON),
    Case({"condition": (5,), "x": (5,), "y": (5,)}, **COMMON),
    Case({"condition": (2, 3, 4, 5), "x": (2, 3, 4, 5), "y": (2, 3, 4, 5)}, **COMMON),
]
XY = {"x": [[1, 2], [3, 4]], "y": [[10, 20], [30, 40]]}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("where", case, rng)


def test_elements_or_rows_are_chosen():
    assert forward("where", {}, condition=[[1, 0], [0, 2]], **XY).tolist() == [[1, 20], [30, 4]]
    assert forward("where", {}, condition=[0, 1], **XY).tolist() == [[10, 20], [3, 4]]
    assert forward("where", {}, condition=np.array([0, -1], np.int32), **XY).tolist() == [[10, 20], [3, 4]]


def test_each_side_has_the_gradient_of_what_it_gave():
    found = backward("where", {}, [[1, 2], [3, np.inf]], condition=[0, 1], **XY)
    assert found["x"].tolist() == [[0, 0], [3, np.inf]]
    assert found["y"].tolist() == [[1, 2], [0, 0]]
    assert "condition" not in found


def test_shapes_go_around():
    assert inferred("where", {}, (2, 3), None, None) == ([(2, 3)] * 3, (2, 3))
    assert inferred("where", {}, (2,), (None, 3), None) == ([(2,), (2, 3), (2, 3)], (2, 3))
    assert inferred("where", {}, None, (2, 3), None)[0] == [None, (2, 3), (2, 3)]


@pytest.mark.parametrize("condition", [(3,), (2, 1), (2, 3, 4)])
def test_other_conditions_are_refused(condition):
    with pytest.raises(ShapeError, match=r"where 'y': input 'condition' must have the shape of x or one element per"):
        inferred("where", {}, condition, (2, 3), (2, 3))
