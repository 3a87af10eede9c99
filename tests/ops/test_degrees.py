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
    check_operator("degrees", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("degrees", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-85.94366455078125, -28.64788818359375, 14.323944091796875, 114.591552734375], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [57.2957763671875, 57.2957763671875, 57.2957763671875, 57.2957763671875], rel=TOLERANCE, abs=1e-7
    )
