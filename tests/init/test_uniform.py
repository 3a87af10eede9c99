"""uniform: the moments of the uniform distribution, within 4 standard errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.init import Stream, get


@pytest.mark.parametrize(("params", "scale"), [({}, 0.07), ({"scale": 2.0}, 2.0), ({"scale": 0.0}, 0.0)])
def test_moments(params, scale):
    uniform = get("uniform")
    x = uniform.draw(uniform.params(**params), (200, 300), Stream(1, "w")).astype(np.float64)
    n = x.size
    assert -scale <= x.min() and x.max() <= scale and x.max() - x.min() >= 2 * scale * (1 - 20 / n)
    assert abs(x.mean()) <= 4 * scale / math.sqrt(3 * n)
    # The variance of the squares is scale ** 4 * (1/5 - 1/9).
    assert abs((x * x).mean() - scale**2 / 3) <= 4 * scale**2 * math.sqrt(4 / 45 / n)
