import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

CASES = [
    Case({"lhs": (2, 3, 4), "rhs": (2, 3, 4)}),
    Case({"lhs": (5,), "rhs": (5,)}),
    Case({"lhs": (2, 3, 4), "rhs": (1, 3, 1)}),
    Case({"lhs": (2, 1), "rhs": (3, 2, 4)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_hypot", case, rng)


def test_values_are_mxnets():
    y, *grads = forward_and_gradients("broadcast_hypot", [[-2.5, -1.0, 0.0, 1.5, 5.5], [2.0, -0.75, 1.0, -2.0, 1.5]])
    assert y == pytest.approx([3.2015621662139893, 1.25, 1.0, 2.5, 5.7008771896362305], rel=1e-6)
    assert grads == [
        pytest.approx([-0.7808687686920166, -0.800000011920929, 0.0, 0.6000000238418579, 0.9647638201713562], rel=1e-6),
        pytest.approx(
            [0.6246950626373291, -0.6000000238418579, 1.0, -0.800000011920929, 0.26311740279197693], rel=1e-6
        ),
    ]
