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
    check_operator("arctan", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("arctan", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-0.9827937483787537, -0.46364760398864746, 0.244978666305542, 1.1071487665176392], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [0.3076923191547394, 0.800000011920929, 0.9411764740943909, 0.20000000298023224], rel=TOLERANCE, abs=1e-7
    )
