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
    check_operator("gammaln", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("gammaln", [[-1.5, 0.5, 1.0, 4.5, 30.0]])
    assert y == pytest.approx(
        [0.8600470423698425, 0.5723649263381958, 0.0, 2.4537367820739746, 71.25704193115234], rel=TOLERANCE, abs=1e-7
    )
    assert dx == pytest.approx(
        [0.7031567692756653, -1.9635107517242432, -0.5772156715393066, 1.3888710737228394, 3.3844382762908936],
        rel=TOLERANCE,
        abs=1e-7,
    )
