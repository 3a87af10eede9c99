import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, integers

CASES = [
    Case({"lhs": (2, 3, 4), "rhs": (2, 3, 4)}, make={"lhs": integers, "rhs": integers}, smooth=False),
    Case({"lhs": (5,), "rhs": (5,)}, make={"lhs": integers, "rhs": integers}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("logical_or", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("logical_or", [[-2.5, -1.0, 0.0, 1.5, 5.5], [2.0, 0.0, 0.0, -2.0, 0.0]])
    assert y == pytest.approx([1.0, 1.0, 0.0, 1.0, 1.0], rel=1e-6)
    assert grads == [None, None]
