import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 3, 4, 5)}, {"act_type": "relu"}, kink=(0.0,), fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "sigmoid"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "tanh"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "softrelu"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "gelu"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "silu"}, fast=True, dtypes=BOTH),
    Case({"data": (3, 5)}, {"act_type": "softsign"}, kink=(0.0,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("activation", case, rng)


def test_gelu_is_exact():
    y = forward("activation", {"act_type": "gelu"}, data=np.array([[-2.0, 0.0, 1.0]]))
    np.testing.assert_allclose(y, [[-0.04550026389635842, 0.0, 0.8413447460685429]], rtol=1e-12)
