import pytest

from tests.contract.operators import Case, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (2, 3, 7, 8)}, {"kernel": 3, "num_filter": 5}, fast=True, dtypes=BOTH),
    Case(
        {"data": (2, 4, 9, 8)},
        {"kernel": (3, 2), "num_filter": 6, "stride": (2, 1), "pad": (1, 0)},
        fast=True,
        dtypes=BOTH,
    ),
    Case({"data": (2, 4, 9, 9)}, {"kernel": 3, "num_filter": 6, "num_group": 2, "pad": 1, "no_bias": True}, fast=True),
    Case({"data": (2, 6, 8, 8)}, {"kernel": 3, "num_filter": 6, "num_group": 6, "stride": 2, "pad": 1}, fast=True),
    Case({"data": (1, 2, 11, 11)}, {"kernel": 3, "num_filter": 4, "dilate": 2, "pad": 2}, fast=True),
    Case({"data": (2, 3, 12)}, {"kernel": (3,), "num_filter": 4, "stride": (2,), "pad": (1,)}, fast=True),
    Case({"data": (1, 2, 5, 5, 5)}, {"kernel": (3, 3, 3), "num_filter": 3, "pad": (1, 1, 1)}, fast=True),
    Case({"data": (2, 3, 8, 8)}, {"kernel": 1, "num_filter": 4}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 8, 9)}, {"kernel": 2, "num_filter": 4, "stride": 3}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("convolution", case, rng)
