import pytest

from tests.contract.operators import Case, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"arg0": (2, 3, 4)}, {"num_args": 1}),
    Case({"arg0": (2, 3, 4, 5)}, {"num_args": 2}, fast=True, dtypes=BOTH),
    Case({"arg0": (3, 5)}, {"num_args": 4}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("add_n", case, rng)
