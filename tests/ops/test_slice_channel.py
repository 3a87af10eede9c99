import pytest

from tests.contract.operators import Case, check_operator

CASES = [
    Case({"data": (2, 6, 4)}, {"num_outputs": 3}),
    Case({"data": (2, 3, 4, 5)}, {"num_outputs": 3, "squeeze_axis": True}, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 4)}, {"num_outputs": 2, "axis": -1}),
    Case({"data": (2, 4)}, {"num_outputs": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("slice_channel", case, rng)
