from __future__ import annotations

import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward


@pytest.mark.parametrize("case", [Case({}, {"shape": (2, 3), "value": -1.5})], ids=str)
def test_contract(case, rng):
    check_operator("filled", case, rng)


def test_values():
    assert forward("filled", {"shape": (3,), "value": 2.5}).tolist() == [2.5, 2.5, 2.5]
