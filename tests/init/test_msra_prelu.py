"""msra_prelu: normal, scaled by fan and slope."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.init import Stream, get


@pytest.mark.parametrize(
    ("params", "variance"),
    [
        ({}, 2 / (1 + 0.0625) / 720),
        ({"slope": 0.0}, 2 / 720),
        ({"factor_type": "in", "slope": 0.0}, 2 / 480),
        ({"factor_type": "out", "slope": 1.0}, 1 / 960),
    ],
)
def test_variance(params, variance):
    msra = get("msra_prelu")
    x = msra.draw(msra.params(**params), (64, 32, 3, 5), Stream(1, "w")).astype(np.float64)
    assert abs(x.mean()) <= 4 * math.sqrt(variance / x.size)
    assert abs((x * x).mean() / variance - 1) <= 4 * math.sqrt(2 / x.size)
    assert np.abs(x).max() > 3.5 * math.sqrt(variance)


def test_a_vector_is_refused():
    msra = get("msra_prelu")
    with pytest.raises(ConfigError, match="initializer msra_prelu: parameter 'b' must have at least 2 axes"):
        msra.draw(msra.params(), (5,), Stream(0, "b"))
