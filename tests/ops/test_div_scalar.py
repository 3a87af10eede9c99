import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"scalar": 0.3}),
    Case({"data": (7,)}, {"scalar": -2.0}),
    Case({"data": ()}, {"scalar": 0.3}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("div_scalar", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("div_scalar", [[1.0, 2.0, 3.0]], scalar=2.0)
    assert y == pytest.approx([0.5, 1.0, 1.5], rel=TOLERANCE)
    assert grads == [
        pytest.approx([0.5, 0.5, 0.5], rel=TOLERANCE),
    ]
