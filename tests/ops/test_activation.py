import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward

BOTH = ("float32", "bfloat16")


def wide(rng, shape):
    """On both sides of -3 and 3, and away from them."""
    x = 3 * rng.standard_normal(shape)
    return np.where(np.abs(np.abs(x) - 3) < 0.1, 0.5, x)


CASES = [
    Case({"data": (2, 3, 4, 5)}, {"act_type": "relu"}, kink=(0.0,), fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "sigmoid"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "tanh"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "softrelu"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "gelu"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "silu"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "hard_sigmoid"}, make={"data": wide}, fast=True, dtypes=BOTH),
    Case({"data": (4, 3, 5)}, {"act_type": "hard_swish"}, make={"data": wide}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "softsign"}, kink=(0.0,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("activation", case, rng)


def test_gelu_is_exact():
    y = forward("activation", {"act_type": "gelu"}, data=np.array([[-2.0, 0.0, 1.0]]))
    np.testing.assert_allclose(y, [[-0.04550026389635842, 0.0, 0.8413447460685429]], rtol=1e-12)


def test_the_hard_ones_bend_at_3():
    x = np.array([[-4.0, -3.0, -1.5, 0.0, 1.0, 3.0, 5.0]])
    y = forward("activation", {"act_type": "hard_sigmoid"}, data=x)
    np.testing.assert_allclose(y, [[0, 0, 0.25, 0.5, 2 / 3, 1, 1]], atol=1e-15)
    y = forward("activation", {"act_type": "hard_swish"}, data=x)
    np.testing.assert_allclose(y, [[0, 0, -0.375, 0, 2 / 3, 3, 5]], atol=1e-15)
