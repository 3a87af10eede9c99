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
    check_operator("arctanh", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("arctanh", [[-0.75, 0.0, 0.5]])
    assert y == pytest.approx([-0.9729551076889038, 0.0, 0.5493061542510986], rel=TOLERANCE, abs=1e-7)
    assert dx == pytest.approx([2.2857143878936768, 1.0, 1.3333333730697632], rel=TOLERANCE, abs=1e-7)
