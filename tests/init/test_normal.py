"""normal: the moments of the normal distribution, within 4 standard errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.init import Stream, get


@pytest.mark.parametrize(("params", "sigma"), [({}, 0.01), ({"sigma": 2.0}, 2.0), ({"sigma": 0.0}, 0.0)])
def test_moments(params, sigma):
    normal = get("normal")
    x = normal.draw(normal.params(**params), (300, 1000), Stream(1, "w")).astype(np.float64)
    n = x.size
    assert abs(x.mean()) <= 4 * sigma / math.sqrt(n)
    assert abs((x**2).mean() - sigma**2) <= 4 * sigma**2 * math.sqrt(2 / n)
    assert abs((x**3).mean()) <= 4 * sigma**3 * math.sqrt(15 / n)
    assert abs((x**4).mean() - 3 * sigma**4) <= 4 * sigma**4 * math.sqrt(96 / n)
