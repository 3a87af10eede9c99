from __future__ import annotations

from dataclasses import replace

import pytest

from mxtrain.base.types import CHANNELS_LAST, TensorType
from mxtrain.graph import apply_node, variable
from mxtrain.ops.convolution import BACKWARD_DATA, widened
from mxtrain.ops.convolution.declaration import BackwardData, Params
from mxtrain.ops.convolution.onednn import fast_backward_data
from tests.contract.operators import FAST, Case, check_operator

BOTH = ("float32", "bfloat16")
CASES = [
    Case(
        {"data": (5, 16, 9, 8)},
        {"kernel": 3, "num_filter": 16, "num_group": 16, "stride": 2, "pad": 1, "no_bias": True},
        fast=True,
        dtypes=BOTH,
    ),
    Case(
        {"data": (3, 32, 7, 7)},
        {"kernel": 5, "num_filter": 32, "num_group": 32, "stride": (2, 1), "pad": 2},
        fast=True,
        dtypes=BOTH,
    ),
]


@pytest.mark.parametrize("cache", [1, 10_000, 1 << 22])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, cache, rng, monkeypatch):
    monkeypatch.setattr(widened, "CACHE", cache)
    check_operator("convolution", case, rng)


ONLY = [(2, "bfloat16", True), (1, "bfloat16", False), (2, "float32", False)]


@pytest.mark.parametrize(("stride", "dtype", "expected"), ONLY)
def test_only_what_the_library_is_slow_for(stride, dtype, expected):
    p = Params(num_filter=32, kernel=(3, 3), num_group=32, stride=(stride, stride), pad=(1, 1), no_bias=True)
    dx = TensorType((4, 32, 8, 8), dtype, CHANNELS_LAST)
    dy = dx._replace(shape=(4, 32, 8 // stride, 8 // stride))
    ins = [variable("dy", dy), variable("w", TensorType((32, 1, 3, 3), dtype))]
    node = replace(apply_node(BACKWARD_DATA, "back", ins, BackwardData(p, dx.shape)), types=(dx,))
    assert fast_backward_data(node, FAST).name.endswith(":widened") == expected
