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
    check_operator("mean", case, rng)


def test_the_whole_tensor(rng):
    node = build("mean", WHOLE, "float64")
    values = {"data": sample(WHOLE, "data", (3, 4), rng)}
    assert node.types[0].shape == (1,)
    check_gradient(node, WHOLE, values, rng)
    check_fast("mean", WHOLE, values, FAST, "float32", rng)
    np.testing.assert_allclose(forward("mean", {}, **values), [np.mean(values["data"])], rtol=1e-14)


def test_every_element_gets_its_share():
    dx = backward("mean", {"axis": 1}, [3, 30], data=np.zeros((2, 3)))["data"]
    assert dx.tolist() == [[1] * 3, [10] * 3]


def test_no_elements_are_refused():
    with pytest.raises(ShapeError, match=r"mean 'y': no elements have no mean; got 'data' \(2, 0\)"):
        inferred("mean", {"axis": 1}, (2, 0))
