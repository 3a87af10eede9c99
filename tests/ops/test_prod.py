from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import FAST, Case, build, check_fast, check_gradient, check_operator, sample
from tests.contract.values import backward, forward, inferred

OTHERS = {"axis": 0, "exclude": True, "keepdims": True}
CASES = [
    Case({"data": (3, 4, 5)}, {"axis": -1}),
    Case({"data": (3, 4, 5)}, {"axis": (0, 1)}),
    Case({"data": (3, 4, 5)}, {"axis": 1, "keepdims": True}),
    Case({"data": (3, 4, 5)}, OTHERS, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 3, 4, 5)}, {"axis": (2, 3), "keepdims": True}),
]
WHOLE = Case({"data": (3, 4)}, {})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("prod", case, rng)


def test_the_whole_tensor(rng):
    node = build("prod", WHOLE, "float64")
    values = {"data": sample(WHOLE, "data", (3, 4), rng)}
    assert node.types[0].shape == (1,)
    check_gradient(node, WHOLE, values, rng)
    check_fast("prod", WHOLE, values, FAST, "float32", rng)
    np.testing.assert_allclose(forward("prod", {}, **values), [np.prod(values["data"])], rtol=1e-14)


def test_the_gradient_is_finite_where_elements_are_0():
    x = [[1, 0, 2], [0, 0, 3], [2, 3, 4]]
    want = [[0, 20, 0], [0, 0, 0], [1200, 800, 600]]
    assert backward("prod", {"axis": 1}, [10, 10, 100], data=x)["data"].tolist() == want


def test_the_product_of_nothing_is_1():
    assert forward("prod", {"axis": 1}, data=np.zeros((2, 0))).tolist() == [1, 1]
    assert inferred("prod", {"axis": 1}, (2, 0))[1] == (2,)
