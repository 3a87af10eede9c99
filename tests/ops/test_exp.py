import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, fast=True),
    Case({"data": (7,)}, fast=True),
    Case({"data": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("exp", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("exp", [[0.0, 1.0]])
    assert y == pytest.approx([1.0, 2.7182817459106445], rel=TOLERANCE)
    assert grads == [
        pytest.approx([1.0, 2.7182817459106445], rel=TOLERANCE),
    ]
