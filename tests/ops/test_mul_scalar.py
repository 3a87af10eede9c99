import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"scalar": 0.3}, fast=True, dtypes=("float32", "bfloat16")),
    Case({"data": (7,)}, {"scalar": -2.0}),
    Case({"data": ()}, {"scalar": 0.3}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("mul_scalar", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("mul_scalar", [[1.0, 2.0, 3.0]], scalar=2.5)
    assert y == pytest.approx([2.5, 5.0, 7.5], rel=TOLERANCE)
    assert grads == [
        pytest.approx([2.5, 2.5, 2.5], rel=TOLERANCE),
    ]
