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
    check_operator("interleaved_matmul_selfatt_qk", case, rng)


def test_scores_of_each_head(rng):
    x = rng.standard_normal((5, 2, 24))
    parts = x.reshape(5, 2, 2, 3, 4)
    want = np.einsum("inhd,jnhd->nhij", parts[..., 0, :], parts[..., 1, :]).reshape(4, 5, 5) / 2
    np.testing.assert_allclose(
        forward("interleaved_matmul_selfatt_qk", {"heads": 2}, queries_keys_values=x), want, rtol=1e-12
    )


def test_widths_that_do_not_split():
    with pytest.raises(
        ShapeError, match=r"the last axis of 'queries_keys_values' .* must be a multiple of 3 x heads 2"
    ):
        inferred("interleaved_matmul_selfatt_qk", {"heads": 2}, (5, 2, 21))
