import pytest

from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

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


def test_rows_are_known_from_the_output():
    p = {"num_hidden": 4, "no_bias": True}
    assert inferred("fully_connected", p, (None, 5), None, out=(3, None)) == ([(3, 5), (4, 5)], (3, 4))
    unflat = {**p, "flatten": False}
    assert inferred("fully_connected", unflat, (None, 2, 5), None, out=(3, None, 4))[1] == (3, 2, 4)
    assert inferred("fully_connected", p, (None, 5), None)[1] == (None, 4)
