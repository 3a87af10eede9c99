import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, make={"data": positive}),
    Case({"data": (7,)}, make={"data": positive}),
    Case({"data": ()}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("reciprocal", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("reciprocal", [[4.0]])
    assert y == pytest.approx([0.25], rel=TOLERANCE)
    assert grads == [
        pytest.approx([-0.0625], rel=TOLERANCE),
    ]
