from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import FAST, Case, build, check_fast, check_gradient, check_operator, sample
from tests.contract.values import backward, forward, inferred

OTHERS = {"axis": 0, "exclude": True, "keepdims": True}
CASES = [
    Case({"data": (3, 4, 5)}, {"axis": -1}, fast=True),
    Case({"data": (3, 4, 5)}, {"axis": (0, 1)}),
    Case({"data": (3, 4, 5)}, {"axis": 1, "keepdims": True}),
    Case(
        {"data": (3, 4, 5)}, {"axis": 0, "exclude": True, "keepdims": True}, fast=True, dtypes=("float32", "bfloat16")
    ),
    Case({"data": (2, 3, 4, 5)}, {"axis": (2, 3), "keepdims": True}, fast=True),
]
WHOLE = Case({"data": (3, 4)}, {}, fast=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("sum", case, rng)


def test_the_whole_tensor(rng):
    node = build("sum", WHOLE, "float64")
    values = {"data": sample(WHOLE, "data", (3, 4), rng)}
    assert node.types[0].shape == (1,)
    check_gradient(node, WHOLE, values, rng)
    check_fast("sum", WHOLE, values, FAST, "float32", rng)
    np.testing.assert_allclose(forward("sum", {}, **values), [np.sum(values["data"])], rtol=1e-14)


@pytest.mark.parametrize(
    ("params", "want"),
    [
        ({}, (1,)), ({"axis": ()}, (1,)), ({"axis": (), "exclude": True}, (1,)), ({"exclude": True}, (1,)),
        ({"keepdims": True}, (1, 1)), ({"axis": 0}, (3,)), ({"axis": (0, 1)}, (1,)),
        ({"axis": -1, "keepdims": True}, (2, 1)), ({"axis": 0, "exclude": True}, (2,)),
        ({"axis": (0, 1), "exclude": True}, (2, 3)),
    ],
)  # fmt: skip
def test_shapes_are_mxnets(params, want):
    assert inferred("sum", params, (2, 3))[1] == want


def test_axes_that_stay_are_known_from_either_side():
    assert inferred("sum", {"axis": 1}, (None, 3), out=(2,)) == ([(2, 3)], (2,))
    assert inferred("sum", {"axis": 1, "keepdims": True}, None, out=(2, 1)) == ([(2, None)], (2, 1))


@pytest.mark.parametrize(("axis", "text"), [((0, -2), "names an axis twice"), (5, "axis 5 is out of range for 2 axes")])
def test_axes_that_are_not_there_are_refused(axis, text):
    with pytest.raises(ShapeError, match=f"sum 'y': .*{text}"):
        inferred("sum", {"axis": axis}, (2, 3))


def test_every_element_gets_the_gradient_and_nothing_sums_to_0():
    dx = backward("sum", {"axis": 1}, [10, 100], data=np.zeros((2, 3)))["data"]
    assert dx.tolist() == [[10] * 3, [100] * 3]
    assert forward("sum", {"axis": 1}, data=np.zeros((2, 0))).tolist() == [0, 0]
