"""Streams: what a parameter draws depends on the seed and its own name alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain import init
from mxtrain.base.errors import ConfigError
from mxtrain.init import Stream
from mxtrain.init._initializer import BLOCK

NAMES = (
    "bilinear",
    "constant",
    "fused_rnn",
    "lstm_bias",
    "msra_prelu",
    "normal",
    "ones",
    "orthogonal",
    "uniform",
    "xavier",
    "zeros",
)


def test_the_folder_is_the_list():
    assert init.REGISTRY.names() == NAMES
    for name in NAMES:
        assert init.get(name).name == name
    with pytest.raises(ConfigError, match="no initializer 'xaver'; did you mean 'xavier'"):
        init.get("xaver")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("fused_rnn", "lstm_bias")])
def test_every_initializer_gives_float32_of_the_shape(name):
    initializer = init.get(name)
    params = initializer.params(value=2.0) if name == "constant" else initializer.params()
    for shape in ((4, 3, 2, 5), (4, 3, 2, 2)):
        values = initializer.draw(params, shape, Stream(0, "w"))
        assert values.shape == shape and values.dtype == np.float32 and np.isfinite(values).all()


def test_streams_are_of_seed_and_name():
    draws = [Stream(s, n).uniform((1000,), 0, 1) for s, n in ((0, "a"), (1, "a"), (0, "b"), (2**40, "a"))]
    np.testing.assert_array_equal(draws[0], Stream(0, "a").uniform((10, 100), 0, 1).ravel())
    for i, a in enumerate(draws):
        for b in draws[:i]:
            assert abs(np.corrcoef(a, b)[0, 1]) < 4 / math.sqrt(1000)


def test_a_longer_draw_begins_like_a_shorter_one():
    long = Stream(3, "w").uniform((BLOCK + 5,), -1, 1)
    np.testing.assert_array_equal(long[:BLOCK], Stream(3, "w").uniform((BLOCK,), -1, 1))
    assert not np.array_equal(long[:5], long[BLOCK:])


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,)])
def test_any_shape_can_be_drawn(shape):
    assert Stream(0, "w").gaussian(shape, 1.0).shape == shape
    assert Stream(0, "w").uniform(shape, 0.0, 1.0).shape == shape


def test_the_first_numbers_are_pinned():
    # Another number here means that every seed of every user gives another network.
    np.testing.assert_array_equal(Stream(7, "fc1_weight").uniform((3,), -1, 1), np.float32(PINNED_UNIFORM))
    np.testing.assert_allclose(Stream(7, "fc1_weight").gaussian((3,), 1.0), PINNED_GAUSSIAN, rtol=1e-6)


PINNED_UNIFORM = [0.181512833, -0.375800133, -0.0382739305]
PINNED_GAUSSIAN = [-1.0186051, 1.4962239, 0.12307171]
