from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"queries_keys_values": (5, 2, 24)}, {"heads": 2}),
    Case({"queries_keys_values": (3, 1, 6)}, {"heads": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("interleaved_matmul_selfatt_valatt", case, rng)


def test_values_by_their_weights(rng):
    x, a = rng.standard_normal((5, 2, 24)), rng.standard_normal((4, 5, 5))
    values = x.reshape(5, 2, 2, 3, 4)[..., 2, :]
    want = np.einsum("nhij,jnhd->inhd", a.reshape(2, 2, 5, 5), values).reshape(5, 2, 8)
    found = forward("interleaved_matmul_selfatt_valatt", {"heads": 2}, queries_keys_values=x, attention=a)
    np.testing.assert_allclose(found, want, rtol=1e-12)


def test_shapes():
    found = inferred("interleaved_matmul_selfatt_valatt", {"heads": 2}, (5, None, 24), (4, None, None))
    assert found == ([(5, None, 24), (4, 5, 5)], (5, 2, 8))
    with pytest.raises(ShapeError, match=r"must have the axes \(N H, Tq, Tk\)"):
        inferred("interleaved_matmul_selfatt_valatt", {"heads": 2}, (5, 2, 24), (4, 5))
