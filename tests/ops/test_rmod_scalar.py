import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import forward_and_gradients


def between(rng, shape):
    """Where 7 / data is far from whole numbers."""
    return 7 / (rng.integers(2, 9, shape) + rng.uniform(0.2, 0.8, shape))


CASES = [
    Case({"data": (2, 3, 4)}, {"scalar": 7.0}, make={"data": between}),
    Case({"data": ()}, {"scalar": 7.0}, make={"data": between}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("rmod_scalar", case, rng)


def test_values_are_mxnets():
    y, dx = forward_and_gradients("rmod_scalar", [[-2.5, -1.0, 0.4, 5.5]], scalar=1.5)
    assert y == pytest.approx([-1.0, -0.5, 0.29999998211860657, 1.5], rel=1e-6)
    assert dx == pytest.approx([1.0, 2.0, -3.0, -0.0], rel=1e-6)
