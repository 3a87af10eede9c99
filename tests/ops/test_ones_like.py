from __future__ import annotations

import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward


@pytest.mark.parametrize("case", [Case({"data": (2, 3)}), Case({"data": ()})], ids=str)
def test_contract(case, rng):
    check_operator("ones_like", case, rng)


def test_values():
    assert forward("ones_like", {}, data=[[3.0, -1.0]]).tolist() == [[1, 1]]
