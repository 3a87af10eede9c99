import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, within_one

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, make={"data": within_one}),
    Case({"data": (7,)}, make={"data": within_one}),
    Case({"data": ()}, make={"data": within_one}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("tan", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("tan", [[-1.5, -0.5, 0.25, 2.0]])
    assert y == pytest.approx(
        [-14.101420402526855, -0.5463024973869324, 0.25534191727638245, -2.185039758682251], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [199.8500518798828, 1.2984464168548584, 1.0651994943618774, 5.7743988037109375], rel=TOLERANCE, abs=1e-7
    )
