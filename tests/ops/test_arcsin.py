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
    check_operator("arcsin", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("arcsin", [[-0.75, 0.0, 0.5]])
    assert y == pytest.approx([-0.8480620980262756, 0.0, 0.5235987901687622], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx([1.5118579864501953, 1.0, 1.154700517654419], rel=TOLERANCE, abs=1e-7)
