import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, integers

TOLERANCE = 1e-6
CASES = [
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 4, 5)}, make={"lhs": integers, "rhs": integers}, smooth=False),
    Case({"lhs": (7,)}, make={"lhs": integers, "rhs": integers}, smooth=False),
    Case({"rhs": ()}, make={"lhs": integers, "rhs": integers}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("not_equal", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("not_equal", [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    assert y == pytest.approx([1.0, 0.0, 1.0], rel=TOLERANCE)
    assert grads == [
        None,
        None,
    ]
