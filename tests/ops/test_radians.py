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
    check_operator("radians", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("radians", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-0.02617993950843811, -0.008726646192371845, 0.004363323096185923, 0.03490658476948738],
        rel=TOLERANCE,
        abs=1e-7,
    )
    assert dx == pytest.approx(
        [0.01745329238474369, 0.01745329238474369, 0.01745329238474369, 0.01745329238474369], rel=TOLERANCE, abs=1e-7
    )
