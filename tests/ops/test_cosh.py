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
    check_operator("cosh", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("cosh", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [2.352409601211548, 1.1276259422302246, 1.0314130783081055, 3.7621958255767822], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [-2.129279375076294, -0.5210952758789062, 0.25261232256889343, 3.6268603801727295], rel=TOLERANCE, abs=1e-7
    )
