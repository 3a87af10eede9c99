import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, integers

CASES = [
    Case({"data": (2, 3, 4)}, {"scalar": 0.0}, make={"data": integers}, smooth=False),
    Case({"data": ()}, {"scalar": 0.0}, make={"data": integers}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("logical_or_scalar", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("logical_or_scalar", [[-2.5, -1.0, 0.0, 1.5, 5.5]], scalar=0.0)
    assert y == pytest.approx([1.0, 1.0, 0.0, 1.0, 1.0], rel=1e-6)
    assert dx is None
