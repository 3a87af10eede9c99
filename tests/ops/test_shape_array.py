from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, node_of

CASES = [
    Case({"data": (2, 3)}, smooth=False),
    Case({"data": (5,)}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("shape_array", case, rng)


def test_sizes_are_whole_numbers():
    assert forward("shape_array", {}, data=np.zeros((4, 3, 2))).tolist() == [4, 3, 2]
    assert node_of("shape_array", {}, {"data": np.zeros((4, 3))}).types[0].dtype == "int64"
    assert backward("shape_array", {}, [1, 1], data=[[1, 2]]) == {}
