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
    check_operator("rcbrt", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("rcbrt", [[-8.0, 0.125, 2.0]])
    assert y == pytest.approx([-0.5, 2.0, 0.7937005162239075], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx(
        [-0.02083333395421505, -5.333333492279053, -0.13228341937065125], rel=TOLERANCE, abs=1e-7
    )
