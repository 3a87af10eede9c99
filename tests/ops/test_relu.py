import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, fast=True, kink=(0.0,)),
    Case({"data": (7,)}, fast=True, kink=(0.0,)),
    Case({"data": ()}, kink=(0.0,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("relu", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("relu", [[-1.0, 0.0, 1.0]])
    assert y == pytest.approx([0.0, 0.0, 1.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([0.0, 0.0, 1.0], rel=TOLERANCE),
    ]
