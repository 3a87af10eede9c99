import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, smooth=False),
    Case({"data": (7,)}, smooth=False),
    Case({"data": ()}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("round", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("round", [[-2.5, -0.5, 0.5, 1.5, 2.5, 0.49999997]])
    assert y == pytest.approx([-3.0, -1.0, 1.0, 2.0, 3.0, 0.0], rel=TOLERANCE)
    assert grads == [
        None,
    ]
