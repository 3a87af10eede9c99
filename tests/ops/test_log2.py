import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients, positive

TOLERANCE = 1e-6
CASES = [
    Case({"data": (2, 3, 4, 5)}, make={"data": positive}),
    Case({"data": (7,)}, make={"data": positive}),
    Case({"data": ()}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("log2", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("log2", [[0.25, 1.0, 10.0]])
    assert y == pytest.approx([-2.0, 0.0, 3.321928024291992], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx([5.770780086517334, 1.4426950216293335, 0.14426949620246887], rel=TOLERANCE, abs=1e-7)
