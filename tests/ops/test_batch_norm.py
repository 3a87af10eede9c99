import pytest

from tests.contract.operators import Case, check_operator

BOTH = ("float32", "bfloat16")
FREE = {"fix_gamma": False, "eps": 1e-2}
CASES = [
    Case({"data": (4, 3, 5, 5)}, FREE, fast=True, dtypes=BOTH),
    Case({"data": (4, 3, 5, 5)}, {}, fast=True),
    Case({"data": (6, 5)}, FREE, fast=True),
    Case({"data": (4, 3, 5, 5)}, {**FREE, "use_global_stats": True}, fast=True),
    Case({"data": (2, 5, 5, 3)}, {**FREE, "axis": -1}),
    Case({"data": (2, 3, 4, 4, 4)}, FREE, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("batch_norm", case, rng)
