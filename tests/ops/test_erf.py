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
    check_operator("erf", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("erf", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-0.9661051630973816, -0.5204998850822449, 0.27632638812065125, 0.9953222870826721], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [0.11893028020858765, 0.8787825703620911, 1.0600141286849976, 0.02066698484122753], rel=TOLERANCE, abs=1e-7
    )
