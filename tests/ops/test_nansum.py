from __future__ import annotations

import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward

CASES = [
    Case({"data": (3, 4, 5)}, {"axis": -1}),
    Case({"data": (3, 4, 5)}, {"axis": 0, "exclude": True, "keepdims": True}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("nansum", case, rng)


HOLES = [[1.5, float("nan")], [2, 3]]


def test_what_is_no_number_is_left_out_as_in_mxnet():
    assert forward("nansum", {"axis": 1}, data=HOLES).tolist() == [1.5, 5]
    assert backward("nansum", {"axis": 1}, [1, 2], data=HOLES)["data"].tolist() == [[1, 0], [2, 2]]
    assert forward("nansum", {"keepdims": True}, data=HOLES).shape == (1, 1)
