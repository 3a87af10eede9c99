import pytest

from tests.contract.operators import Case, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 3, 4, 5)}, dtypes=BOTH),
    Case({"data": (4, 3)}),
    Case({"data": (5,)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("flatten", case, rng)
