from __future__ import annotations

import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.pointwise import positive
from tests.contract.values import backward, forward

CASES = [
    Case({"data": (3, 4, 5)}, {"axis": -1}, make={"data": positive}),
    Case({"data": (3, 4, 5)}, {"axis": 0, "exclude": True, "keepdims": True}, make={"data": positive}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("nanprod", case, rng)


HOLES = [[1.5, float("nan")], [2, 3]]


def test_what_is_no_number_is_left_out_as_in_mxnet():
    assert forward("nanprod", {"axis": 1}, data=HOLES).tolist() == [1.5, 6]
    assert backward("nanprod", {"axis": 1}, [1, 2], data=HOLES)["data"].tolist() == [[1, 0], [6, 4]]
    assert forward("nanprod", {"keepdims": True}, data=HOLES).shape == (1, 1)
