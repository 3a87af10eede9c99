import pytest

from tests.contract.operators import Case, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 6, 4)}, {"num_outputs": 3}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {"num_outputs": 3, "squeeze_axis": True}, fast=True, dtypes=BOTH),
    Case({"data": (3, 2, 5)}, {"num_outputs": 3, "axis": 0, "squeeze_axis": True}, fast=True, dtypes=BOTH),
    Case({"data": (2, 4)}, {"num_outputs": 2, "axis": -1}, fast=True),
    Case({"data": (2, 4)}, {"num_outputs": 1}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("slice_channel", case, rng)
