import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, within_one

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, make={"data": within_one}),
    Case({"data": (7,)}, make={"data": within_one}),
    Case({"data": ()}, make={"data": within_one}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("arccos", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("arccos", [[0.5]])
    assert y == pytest.approx([1.0471975803375244], rel=TOLERANCE)
    assert grads == [
        pytest.approx([-1.154700517654419], rel=TOLERANCE),
    ]
