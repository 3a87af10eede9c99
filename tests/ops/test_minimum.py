import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import far, forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 4, 5)}, fast=True, make={"rhs": far}),
    Case({"lhs": (7,)}, fast=True, make={"rhs": far}),
    Case({"rhs": ()}, make={"rhs": far}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("minimum", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("minimum", [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    assert y == pytest.approx([1.0, 2.0, 2.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([1.0, 1.0, 0.0], rel=TOLERANCE),
        pytest.approx([0.0, 0.0, 1.0], rel=TOLERANCE),
    ]
