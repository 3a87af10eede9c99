from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward

CASES = [
    Case({"data": (3, 4)}),
    Case({"data": (2, 3, 4)}, {"axis": 1, "temperature": 2.0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("softmin", case, rng)


def test_values_are_mxnets():
    found = forward("softmin", {"temperature": 2.0}, data=[[1, 2, 3]])
    np.testing.assert_allclose(found, [[0.5064804, 0.3071959, 0.18632373]], rtol=1e-6)
