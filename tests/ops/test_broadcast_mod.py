import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import far_from_whole, forward_and_gradients, one_or_two
from tests.contract.values import forward

CASES = [
    Case({"lhs": (2, 3, 4), "rhs": (2, 3, 4)}, make={"lhs": far_from_whole, "rhs": one_or_two}),
    Case({"lhs": (5,), "rhs": (5,)}, make={"lhs": far_from_whole, "rhs": one_or_two}),
    Case({"lhs": (2, 3, 4), "rhs": (1, 3, 1)}, make={"lhs": far_from_whole, "rhs": one_or_two}),
    Case({"lhs": (2, 1), "rhs": (3, 2, 4)}, make={"lhs": far_from_whole, "rhs": one_or_two}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_mod", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("broadcast_mod", [[-2.5, -1.0, 0.0, 1.5, 5.5], [2.0, -0.75, 1.0, -2.0, 1.5]])
    assert y == pytest.approx([1.5, -0.25, 0.0, -0.5, 1.0], rel=1e-6)
    assert grads == [
        pytest.approx([1.0, 1.0, 1.0, 1.0, 1.0], rel=1e-6),
        pytest.approx([2.0, -1.0, -0.0, 1.0, -3.0], rel=1e-6),
    ]


def test_nothing_is_left_after_zeros_as_in_mxnet():
    assert forward("broadcast_mod", {}, lhs=[3.0, -1.0], rhs=[0.0, 0.5]).tolist() == [0.0, 0.0]
