import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"a_min": -0.5, "a_max": 1.0}, fast=True, kink=(-0.5, 1.0)),
    Case({"data": (7,)}, {"a_min": 0, "a_max": 9}, fast=True, kink=(0.0,)),
    Case({"data": ()}, {"a_min": -9, "a_max": 9}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("clip", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("clip", [[0.0, 1.0, 1.5, 2.0, 3.0]], a_min=1.0, a_max=2.0)
    assert y == pytest.approx([1.0, 1.0, 1.5, 2.0, 2.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([0.0, 1.0, 1.0, 1.0, 0.0], rel=TOLERANCE),
    ]
