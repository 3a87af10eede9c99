import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}),
    Case({"data": (7,)}),
    Case({"data": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("arcsinh", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("arcsinh", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-1.19476318359375, -0.4812118411064148, 0.24746647477149963, 1.4436354637145996], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [0.5547001957893372, 0.8944271802902222, 0.9701425433158875, 0.4472135901451111], rel=TOLERANCE, abs=1e-7
    )
