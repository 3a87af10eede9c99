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
    check_operator("gamma", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("gamma", [[-1.5, 0.5, 1.0, 4.5]])
    assert y == pytest.approx([2.363271713256836, 1.772453784942627, 1.0, 11.631729125976562], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx(
        [1.6617505550384521, -3.480232000350952, -0.5772156715393066, 16.154972076416016], rel=TOLERANCE, abs=1e-7
    )
