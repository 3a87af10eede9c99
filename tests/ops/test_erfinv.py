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
    check_operator("erfinv", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("erfinv", [[-0.75, 0.0, 0.5, 0.99]])
    assert y == pytest.approx(
        [-0.8134198188781738, 0.0, 0.4769362807273865, 1.8213865756988525], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [1.7174997329711914, 0.8862269520759583, 1.1125849485397339, 24.450897216796875], rel=TOLERANCE, abs=1e-7
    )
