from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.graph import Graph
from tests.contract.operators import FAST, Case, check_operator, evaluate
from tests.contract.values import backward, forward, node_of

CASES = [
    Case({"data": (3, 4)}, {"dtype": "float64"}),
    Case({"data": (2, 3, 4, 5)}, {"dtype": "float16"}, smooth=False, fast=True, tolerance=30, why="rounds to 11 bits"),
    Case({"data": (3, 4)}, {"dtype": "float32"}, smooth=False),
    Case({"data": (3, 4)}, {"dtype": "int32"}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("cast", case, rng)


@pytest.mark.parametrize(
    ("dtype", "want"),
    [("int32", [-1, 1, 2, 100]), ("int8", [-1, 1, 2, 100]), ("bool", [1, 1, 1, 1]), ("float64", [-1.7, 1.5, 2.5, 100])],
)
def test_integers_are_cut_off_towards_zero(dtype, want):
    assert forward("cast", {"dtype": dtype}, data=[-1.7, 1.5, 2.5, 100]).tolist() == want


def test_the_fast_kernel_never_rounds_to_integers():
    x = {"data": np.array([-1.7, 2.5], np.float32)}
    for device in (REFERENCE, FAST):
        assert evaluate(Graph((node_of("cast", {"dtype": "int32"}, x)[0],)), x, device)[0][0].tolist() == [-1, 2]


def test_bfloat16_is_rounded_to_the_nearest_even():
    x = {"data": np.array([1 + 2**-8, 1 + 3 * 2**-8, 3.0], np.float32)}
    for device in (REFERENCE, FAST):
        outs, kernels = evaluate(Graph((node_of("cast", {"dtype": "bfloat16"}, x)[0],)), x, device)
        assert outs[0].tolist() == [1, 1 + 2**-6, 3]
        assert len(kernels) == 1


def test_the_gradient_passes_through_integers_as_in_mxnet():
    dy = np.array([2], np.int32)
    assert backward("cast", {"dtype": "int32"}, dy, data=[1.5])["data"].tolist() == [2]


def test_nothing_runs_where_the_dtype_is_right():
    x = {"data": np.ones(3, np.float32)}
    outs, kernels = evaluate(Graph((node_of("cast", {"dtype": "float32"}, x)[0],)), x)
    assert outs[0].tolist() == [1, 1, 1]
    assert kernels == []


def test_every_dtype_of_mxnet_is_known():
    with pytest.raises(ValueError, match="dtype"):
        ops.get("cast").params(dtype="complex64")
