from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mxtrain.backends import onednn
from mxtrain.base.types import CHANNELS_LAST, TensorType, view
from mxtrain.graph import apply_node, variable
from mxtrain.ops.convolution import BACKWARD_DATA, BACKWARD_WEIGHTS, widened
from mxtrain.ops.convolution.declaration import BackwardData, BackwardWeights, Params
from mxtrain.ops.convolution.onednn import fast_backward_data, fast_backward_weights
from tests.contract.kernels import channels_last, close, filled, reference, typed
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
    Case({"data": (3, 16, 2, 1)}, {"kernel": 3, "num_filter": 9, "stride": 2, "pad": 1}, fast=True, dtypes=BOTH),
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


NARROW_IMAGES = [
    # (data, kernel, stride, pad, groups)
    ((2, 16, 1, 1), (3, 3), (2, 2), (1, 1), 1),
    ((3, 9, 3, 1), (5, 5), (1, 2), (1, 2), 1),
    ((2, 6, 5, 2), (3, 4), (2, 3), (1, 1), 2),
    ((2, 5, 1), (3,), (2,), (1,), 1),
    ((1, 3, 2, 2, 1), (2, 2, 3), (1, 1, 2), (0, 0, 1), 1),
]


@pytest.mark.skipif(not onednn.available(), reason="oneDNN is not installed")
@pytest.mark.parametrize("no_bias", [False, True])
@pytest.mark.parametrize(("shape", "kernel", "stride", "pad", "groups"), NARROW_IMAGES)
def test_weights_gradient_is_not_made_of_what_lay_in_the_scratchpad(shape, kernel, stride, pad, groups, no_bias, rng):
    p = Params(num_filter=4, kernel=kernel, stride=stride, pad=pad, num_group=groups, no_bias=no_bias)
    sizes = zip(shape[2:], kernel, stride, pad, strict=True)
    out = (shape[0], 4, *((n + 2 * b - k) // s + 1 for n, k, s, b in sizes))
    weight, bias = TensorType((4, shape[1] // groups, *kernel)), TensorType((4,))
    node = typed(BACKWARD_WEIGHTS, BackwardWeights(p), channels_last(shape, out, dtype="bfloat16"),
                 [weight] if no_bias else [weight, bias])  # fmt: skip
    values = [np.round(rng.standard_normal(s) * 8) / 8 for s in (shape, out)]
    recipe = fast_backward_weights(node, FAST)
    ins = [filled(FAST, e.type, v) for e, v in zip(node.inputs, values, strict=True)]
    types = [t._replace(layout=recipe.gives.get(i, t.layout)) for i, t in enumerate(node.types)]
    found = []
    for byte in (0, 255):
        outs, scratch = [FAST.empty(t.nbytes) for t in types], FAST.empty(max(recipe.scratch, 1))
        for buffer in (*outs, scratch):
            buffer[...] = byte
        function, args = recipe.prepare(ins, [view(b, t) for b, t in zip(outs, types, strict=True)], scratch)
        assert not function(*args)
        found.append([np.array(view(b, t)) for b, t in zip(outs, types, strict=True)])
    for zero, ones in zip(*found, strict=True):
        np.testing.assert_array_equal(zero, ones)
    if not no_bias:
        close(found[0][1], reference(node, values)[0][1], "float32")
