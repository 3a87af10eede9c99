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
    check_operator("ceil", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("ceil", [[-1.5, 1.5]])
    assert y == pytest.approx([-1.0, 2.0], rel=TOLERANCE)
    assert grads == [
        None,
    ]
