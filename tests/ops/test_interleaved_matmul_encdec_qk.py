from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"queries": (5, 2, 8), "keys_values": (3, 2, 16)}, {"heads": 2}),
    Case({"queries": (2, 1, 3), "keys_values": (4, 1, 6)}, {"heads": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("interleaved_matmul_encdec_qk", case, rng)


def test_scores_of_each_head(rng):
    q, kv = rng.standard_normal((5, 2, 8)), rng.standard_normal((3, 2, 16))
    keys = kv.reshape(3, 2, 2, 2, 4)[..., 0, :]
    want = np.einsum("inhd,jnhd->nhij", q.reshape(5, 2, 2, 4), keys).reshape(4, 5, 3) / 2
    found = forward("interleaved_matmul_encdec_qk", {"heads": 2}, queries=q, keys_values=kv)
    np.testing.assert_allclose(found, want, rtol=1e-12)


def test_shapes():
    found = inferred("interleaved_matmul_encdec_qk", {"heads": 2}, (5, 2, 8), (3, None, None))
    assert found == ([(5, 2, 8), (3, 2, 16)], (4, 5, 3))
    with pytest.raises(ShapeError, match="have 4 numbers for each head, 'keys_values' .* 2"):
        inferred("interleaved_matmul_encdec_qk", {"heads": 2}, (5, 2, 8), (3, 2, 8))
