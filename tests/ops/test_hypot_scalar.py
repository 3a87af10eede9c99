import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients

CASES = [
    Case({"data": (2, 3, 4)}, {"scalar": 1.5}),
    Case({"data": ()}, {"scalar": 1.5}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("hypot_scalar", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("hypot_scalar", [[-2.5, -1.0, 0.0, 1.5, 5.5]], scalar=1.5)
    assert y == pytest.approx(
        [2.915475845336914, 1.8027756214141846, 1.5, 2.1213202476501465, 5.7008771896362305], rel=1e-6
    )
    assert dx == pytest.approx(
        [-0.857492983341217, -0.5547001957893372, 0.0, 0.7071068286895752, 0.9647638201713562], rel=1e-6
    )
