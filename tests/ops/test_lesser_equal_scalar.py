import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, integers

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"scalar": 1.0}, make={"data": integers}, smooth=False),
    Case({"data": (7,)}, {"scalar": 0.5}, make={"data": integers}, smooth=False),
    Case({"data": ()}, {"scalar": 1.0}, make={"data": integers}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("lesser_equal_scalar", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("lesser_equal_scalar", [[1.0, 2.0, 3.0]], scalar=2.0)
    assert y == pytest.approx([1.0, 1.0, 0.0], rel=TOLERANCE)
    assert grads == [
        None,
    ]
