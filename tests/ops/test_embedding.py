from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import TensorType
from mxtrain.ops.embedding import BACKWARD, OP
from tests.backends.cuda.fake import fake_device
from tests.contract.kernels import close, reference, run_kernel, typed
from tests.contract.operators import Case, check_operator, rounded
from tests.contract.values import backward, forward, inferred, node_of


def words(rng, shape):
    return rng.integers(0, 5, shape)


COMMON = {"make": {"data": words}, "fixed": ("data",), "dtypes": ("float32", "bfloat16")}
CASES = [
    Case({"data": (3,), "weight": (5, 4)}, {"input_dim": 5, "output_dim": 4}, **COMMON),
    Case({"data": (2, 6), "weight": (5, 3)}, {"input_dim": 5, "output_dim": 3}, **COMMON),
]
W = np.arange(8.0).reshape(4, 2)
SIZE = {"input_dim": 4, "output_dim": 2}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("embedding", case, rng)


def test_indices_outside_are_clipped_and_fractions_cut_off_as_in_mxnet():
    got = forward("embedding", SIZE, data=[0, 3, 4, -1, 1.7], weight=W)
    assert got.tolist() == [[0, 1], [6, 7], [6, 7], [0, 1], [2, 3]]


def test_gradients_of_equal_indices_add_up():
    found = backward("embedding", SIZE, [[1, 2], [10, 20], [100, 200]], data=np.array([1, 9, 1]), weight=W)
    assert found["weight"].tolist() == [[0, 0], [101, 202], [0, 0], [10, 20]]
    assert set(found) == {"weight"}


def test_indices_keep_their_dtype():
    arrays = {"data": np.zeros(3, np.int32), "weight": W.astype(np.float32)}
    assert node_of("embedding", SIZE, arrays).types[0].dtype == "float32"


def test_shapes_go_around():
    assert inferred("embedding", SIZE, (5, None), None) == ([(5, None), (4, 2)], (5, None, 2))
    assert inferred("embedding", SIZE, None, None, out=(5, 2))[0] == [(5,), (4, 2)]


def test_another_weight_is_refused():
    with pytest.raises(ShapeError, match=r"embedding 'y': input 'weight' must be \(4, 2\) float32, got \(5, 2\)"):
        inferred("embedding", SIZE, (3,), (5, 2))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("index", ["float32", "int32", "int64"])
def test_a_gpu_adds_rows_in_a_fixed_order(rng, dtype, index):
    params = OP.params(input_dim=9, output_dim=300)
    dy = TensorType((7, 90, 300), dtype)
    node = typed(BACKWARD, params, [dy, TensorType((7, 90), index)], [TensorType((9, 300), dtype)])
    values = [rounded(rng.standard_normal(dy.shape), dtype), rng.integers(-2, 12, (7, 90))]
    want, _ = reference(node, values)
    (got,), _, name = run_kernel(node, "cuda", fake_device(), values)
    assert name == "cuda:rows"
    close(got, want[0], dtype)
    again, _, _ = run_kernel(node, "cuda", fake_device(), values)
    np.testing.assert_array_equal(again[0], got)
