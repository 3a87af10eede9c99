import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 4, 5)}, fast=True, dtypes=("float32", "bfloat16")),
    Case({"lhs": (2, 3, 4, 5), "rhs": (1, 3, 1, 1)}, fast=True),
    Case({"lhs": (3, 1), "rhs": (1, 4)}),
    Case({"lhs": (4, 3), "rhs": ()}),
    Case({"lhs": (), "rhs": (4, 3)}),
    Case({"lhs": (), "rhs": ()}),
    Case({"lhs": (3, 4), "rhs": (2, 1, 4)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_add", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("broadcast_add", [[1.0, 2.0, 3.0], [2.0, 2.0, 2.0]])
    assert y == pytest.approx([3.0, 4.0, 5.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([1.0, 1.0, 1.0], rel=TOLERANCE),
        pytest.approx([1.0, 1.0, 1.0], rel=TOLERANCE),
    ]
