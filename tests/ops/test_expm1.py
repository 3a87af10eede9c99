import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}),
    Case({"data": (7,)}),
    Case({"data": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("expm1", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("expm1", [[1.0]])
    assert y == pytest.approx([1.7182817459106445], rel=TOLERANCE)
    assert grads == [
        pytest.approx([2.7182817459106445], rel=TOLERANCE),
    ]
