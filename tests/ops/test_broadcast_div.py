import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 4, 5)}, fast=True, make={"rhs": positive}),
    Case({"lhs": (2, 3, 4, 5), "rhs": (1, 3, 1, 1)}, fast=True, make={"rhs": positive}),
    Case({"lhs": (3, 1), "rhs": (1, 4)}, make={"rhs": positive}),
    Case({"lhs": (4, 3), "rhs": ()}, make={"rhs": positive}),
    Case({"lhs": (), "rhs": (4, 3)}, make={"rhs": positive}),
    Case({"lhs": (), "rhs": ()}, make={"rhs": positive}),
    Case({"lhs": (3, 4), "rhs": (2, 1, 4)}, make={"rhs": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_div", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("broadcast_div", [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    assert y == pytest.approx([0.5, 1.0, 1.5], rel=TOLERANCE)
    assert grads == [
        pytest.approx([0.5, 0.5, 0.5], rel=TOLERANCE),
        pytest.approx([-0.25, -0.5, -0.75], rel=TOLERANCE),
    ]
