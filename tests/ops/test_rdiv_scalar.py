import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"scalar": 0.3}, make={"data": positive}),
    Case({"data": (7,)}, {"scalar": -2.0}, make={"data": positive}),
    Case({"data": ()}, {"scalar": 0.3}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("rdiv_scalar", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("rdiv_scalar", [[1.0, 2.0, 3.0]], scalar=2.0)
    assert y == pytest.approx([2.0, 1.0, 0.6666666865348816], rel=TOLERANCE)
    assert grads == [
        pytest.approx([-2.0, -0.5, -0.2222222238779068], rel=TOLERANCE),
    ]
