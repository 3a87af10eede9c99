import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"scalar": 2.0}),
    Case({"data": (7,)}, {"scalar": 0.5}),
    Case({"data": ()}, {"scalar": 2.0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("rpower_scalar", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("rpower_scalar", [[1.0, 2.0, 3.0]], scalar=2.0)
    assert y == pytest.approx([2.0, 4.0, 8.0], rel=TOLERANCE)
    assert grads == [
        pytest.approx([1.3862943649291992, 2.7725887298583984, 5.545177459716797], rel=TOLERANCE),
    ]
