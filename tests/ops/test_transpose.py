from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (3, 4)}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 4)}, {"axes": (1, 2, 0)}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {"axes": (0, 2, 3, 1)}, fast=True),
    Case({"data": (2, 1, 1, 5)}, {"axes": (1, 0, 2, 3)}),
    Case({"data": (2, 3)}, {"axes": (0, 1)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("transpose", case, rng)


def test_axes_are_the_datas_in_the_new_order():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(forward("transpose", {"axes": (1, 2, 0)}, data=x), x.transpose(1, 2, 0))
    np.testing.assert_array_equal(forward("transpose", {}, data=x), x.T)


def test_the_data_follows_from_the_output():
    assert inferred("transpose", {"axes": (1, 2, 0)}, None, out=(3, 4, None)) == ([(None, 3, 4)], (3, 4, None))


@pytest.mark.parametrize("axes", [(0, 1), (0, 0, 1), (1, 2, 3)])
def test_every_axis_must_be_named_once(axes):
    with pytest.raises(ShapeError, match=r"transpose 'y': axes .* must name each of the 3 axes of 'data' once"):
        inferred("transpose", {"axes": axes}, (2, 3, 4))
