import pytest

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
