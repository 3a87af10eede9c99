from __future__ import annotations

import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward

CASES = [
    Case({"data": (2, 3, 4, 5)}, kink=(-2.5, 2.5)),
    Case({"data": (7,)}, {"alpha": 0.5, "beta": 0.25}, kink=(-0.5, 1.5)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("hard_sigmoid", case, rng)


def test_values():
    x, p = [-9.0, -1.0, 0.0, 2.0, 9.0], {"alpha": 0.25, "beta": 0.5}
    assert forward("hard_sigmoid", p, data=x).tolist() == [0, 0.25, 0.5, 1, 1]
    assert backward("hard_sigmoid", p, [1.0, 2, 3, 4, 5], data=x)["data"].tolist() == [0, 0.5, 0.75, 0, 0]
