import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import far_from_whole, forward_and_gradients

CASES = [
    Case({"data": (2, 3, 4)}, {"scalar": 1.0}, make={"data": far_from_whole}),
    Case({"data": ()}, {"scalar": 1.0}, make={"data": far_from_whole}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("mod_scalar", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("mod_scalar", [[-2.5, -1.0, 0.0, 1.5, 5.5]], scalar=1.5)
    assert y == pytest.approx([0.5, 0.5, 0.0, 0.0, 1.0], rel=1e-6)
    assert dx == pytest.approx([1.0, 1.0, 1.0, 1.0, 1.0], rel=1e-6)


def test_nothing_is_left_after_zeros_as_in_mxnet():
    assert forward_and_gradients("mod_scalar", [[3.0, -1.0]], scalar=0)[0] == [0.0, 0.0]
