from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import FAST, Case, build, check_fast, check_gradient, check_operator, sample
from tests.contract.values import backward, forward, inferred

OTHERS = {"axis": 0, "exclude": True, "keepdims": True}
CASES = [
    Case({"data": (3, 4, 5)}, {"axis": -1}, fast=True, distinct=True),
    Case({"data": (3, 4, 5)}, {"axis": (0, 1)}, distinct=True),
    Case({"data": (3, 4, 5)}, {"axis": 1, "keepdims": True}, distinct=True),
    Case(
        {"data": (3, 4, 5)},
        {"axis": 0, "exclude": True, "keepdims": True},
        fast=True,
        distinct=True,
        dtypes=("float32", "bfloat16"),
    ),
    Case({"data": (2, 3, 4, 5)}, {"axis": (2, 3), "keepdims": True}, fast=True, distinct=True),
]
WHOLE = Case({"data": (3, 4)}, {}, fast=True, distinct=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("max", case, rng)


def test_the_whole_tensor(rng):
    node = build("max", WHOLE, "float64")
    values = {"data": sample(WHOLE, "data", (3, 4), rng)}
    assert node.types[0].shape == (1,)
    check_gradient(node, WHOLE, values, rng)
    check_fast("max", WHOLE, values, FAST, "float32", rng)
    np.testing.assert_allclose(forward("max", {}, **values), [np.max(values["data"])], rtol=1e-14)


def test_equal_elements_all_get_the_gradient_as_in_mxnet():
    x = [[1, 5, 5], [7, 7, 2]]
    assert backward("max", {"axis": 1}, [10, 100], data=x)["data"].tolist() == [[0, 10, 10], [100, 100, 0]]
    assert backward("max", {}, [1], data=x)["data"].tolist() == [[0, 0, 0], [1, 1, 0]]


def test_no_elements_are_refused():
    with pytest.raises(ShapeError, match="no elements have no max"):
        inferred("max", {"axis": 1}, (2, 0))
