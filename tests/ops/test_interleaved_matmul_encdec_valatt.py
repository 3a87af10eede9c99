from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"keys_values": (3, 2, 16), "attention": (4, 5, 3)}, {"heads": 2}),
    Case({"keys_values": (4, 1, 6), "attention": (1, 2, 4)}, {"heads": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("interleaved_matmul_encdec_valatt", case, rng)


def test_values_by_their_weights(rng):
    kv, a = rng.standard_normal((3, 2, 16)), rng.standard_normal((4, 5, 3))
    values = kv.reshape(3, 2, 2, 2, 4)[..., 1, :]
    want = np.einsum("nhij,jnhd->inhd", a.reshape(2, 2, 5, 3), values).reshape(5, 2, 8)
    found = forward("interleaved_matmul_encdec_valatt", {"heads": 2}, keys_values=kv, attention=a)
    np.testing.assert_allclose(found, want, rtol=1e-12)


def test_shapes():
    found = inferred("interleaved_matmul_encdec_valatt", {"heads": 2}, (3, None, 16), (4, 5, None))
    assert found == ([(3, None, 16), (4, 5, 3)], (5, 2, 8))
    with pytest.raises(ShapeError, match="must be a multiple of 2 x heads 2"):
        inferred("interleaved_matmul_encdec_valatt", {"heads": 2}, (3, 2, 6), None)
