import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 4, 5)}, fast=True),
    Case({"lhs": (7,)}, fast=True),
    Case({"rhs": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("elemwise_sub", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("elemwise_sub", [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    assert y == pytest.approx([-1.0, 0.0, 1.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([1.0, 1.0, 1.0], rel=TOLERANCE),
        pytest.approx([-1.0, -1.0, -1.0], rel=TOLERANCE),
    ]
