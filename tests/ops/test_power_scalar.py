import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"scalar": 3.0}, make={"data": positive}),
    Case({"data": (7,)}, {"scalar": -0.5}, make={"data": positive}),
    Case({"data": ()}, {"scalar": 3.0}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("power_scalar", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("power_scalar", [[1.0, 2.0, 3.0]], scalar=2.0)
    assert y == pytest.approx([1.0, 4.0, 9.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([2.0, 4.0, 6.0], rel=TOLERANCE),
    ]
