"""xavier: the scale follows from the fans, counted as MXNet does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.init import Stream, get
from mxtrain.init._fan import fans


def test_fans():
    assert fans((64, 32, 3, 5)) == (480, 960)
    assert fans((10, 100)) == (100, 10)


@pytest.mark.parametrize(
    ("params", "variance"),
    [
        ({}, 2 / (480 + 960)),
        ({"factor_type": "in"}, 1 / 480),
        ({"factor_type": "out", "magnitude": 6}, 2 / 960),
        ({"rnd_type": "gaussian", "magnitude": 2}, 4 / (480 + 960)),
        ({"rnd_type": "gaussian", "factor_type": "in", "magnitude": 2}, 2 / 480),
    ],
)
def test_variance(params, variance):
    xavier = get("xavier")
    x = xavier.draw(xavier.params(**params), (64, 32, 3, 5), Stream(1, "w")).astype(np.float64)
    gaussian = "rnd_type" in params
    assert abs(x.mean()) <= 4 * math.sqrt(variance / x.size)
    assert abs((x * x).mean() / variance - 1) <= 4 * math.sqrt((2 if gaussian else 0.8) / x.size)
    if not gaussian:
        assert np.abs(x).max() <= math.sqrt(3 * variance) * (1 + 1e-7)


@pytest.mark.parametrize("shape", [(10,), ()])
def test_a_vector_is_refused(shape):
    xavier = get("xavier")
    with pytest.raises(
        ConfigError, match=r"initializer xavier: parameter 'fc1_bias' must have at least 2 axes, got \("
    ):
        xavier.draw(xavier.params(), shape, Stream(0, "fc1_bias"))
