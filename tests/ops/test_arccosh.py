import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import above_one, forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, make={"data": above_one}),
    Case({"data": (7,)}, make={"data": above_one}),
    Case({"data": ()}, make={"data": above_one}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("arccosh", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("arccosh", [[1.25, 2.0, 5.0]])
    assert y == pytest.approx([0.6931471824645996, 1.316957950592041, 2.292431592941284], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx([1.3333333730697632, 0.5773502588272095, 0.20412413775920868], rel=TOLERANCE, abs=1e-7)
