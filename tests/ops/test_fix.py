import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, smooth=False),
    Case({"data": (7,)}, smooth=False),
    Case({"data": ()}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("fix", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("fix", [[-2.5, -0.5, 0.0, 1.5, 2.75]])
    assert y == pytest.approx([-2.0, -0.0, 0.0, 1.0, 2.0], rel=TOLERANCE, abs=1e-7)
    assert dx is None
