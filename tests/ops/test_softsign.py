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
    check_operator("softsign", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("softsign", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-0.6000000238418579, -0.3333333432674408, 0.20000000298023224, 0.6666666865348816], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [0.1599999964237213, 0.4444444477558136, 0.6399999856948853, 0.1111111119389534], rel=TOLERANCE, abs=1e-7
    )
