import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, fast=True, make={"data": positive}),
    Case({"data": (7,)}, fast=True, make={"data": positive}),
    Case({"data": ()}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("sqrt", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("sqrt", [[4.0]])
    assert y == pytest.approx([2.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([0.25], rel=TOLERANCE),
    ]
