from __future__ import annotations

import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward


@pytest.mark.parametrize("case", [Case({}, {"shape": (2, 3)}), Case({}, {"shape": (4,), "dtype": "uint8"})], ids=str)
def test_contract(case, rng):
    check_operator("ones", case, rng)


def test_values():
    assert forward("ones", {"shape": (2, 2)}).tolist() == [[1, 1], [1, 1]]
