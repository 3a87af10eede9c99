import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 4, 5)}, make={"lhs": positive}),
    Case({"lhs": (2, 3, 4, 5), "rhs": (1, 3, 1, 1)}, make={"lhs": positive}),
    Case({"lhs": (3, 1), "rhs": (1, 4)}, make={"lhs": positive}),
    Case({"lhs": (4, 3), "rhs": ()}, make={"lhs": positive}),
    Case({"lhs": (), "rhs": (4, 3)}, make={"lhs": positive}),
    Case({"lhs": (), "rhs": ()}, make={"lhs": positive}),
    Case({"lhs": (3, 4), "rhs": (2, 1, 4)}, make={"lhs": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_power", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("broadcast_power", [[2.0, 0.5], [3.0, -1.0]])
    assert y == pytest.approx([8.0, 2.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([12.0, -4.0], rel=TOLERANCE),
        pytest.approx([5.545177459716797, -1.3862943649291992], rel=TOLERANCE),
    ]
