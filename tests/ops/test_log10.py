import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, make={"data": positive}),
    Case({"data": (7,)}, make={"data": positive}),
    Case({"data": ()}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("log10", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("log10", [[0.25, 1.0, 10.0]])
    assert y == pytest.approx([-0.6020600199699402, 0.0, 1.0], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx([1.7371779680252075, 0.4342944920063019, 0.04342944920063019], rel=TOLERANCE, abs=1e-7)
