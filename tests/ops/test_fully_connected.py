import pytest

from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (4, 6)}, {"num_hidden": 5}, fast=True, dtypes=BOTH),
    Case({"data": (4, 3, 2, 2)}, {"num_hidden": 5, "no_bias": True}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 6)}, {"num_hidden": 4, "flatten": False}, fast=True),
    Case({"data": (1, 1)}, {"num_hidden": 1}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("fully_connected", case, rng)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_cublaslt(case, dtype, rng):
    with fake_cublaslt():
        kernels = check_on(fake_device(), "fully_connected", case, rng, dtype)
    assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 3, kernels
