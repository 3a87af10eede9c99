"""orthogonal: rows or columns of one length, at right angles."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.init import Stream, get


@pytest.mark.parametrize("rand_type", ["uniform", "normal"])
@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (6, 6), (4, 3, 2, 2), (30, 3, 2), (5,)])
@pytest.mark.parametrize("params", [{}, {"scale": 0.5}])
def test_orthogonal(shape, rand_type, params):
    orthogonal = get("orthogonal")
    made = orthogonal.params(rand_type=rand_type, **params)
    w = orthogonal.draw(made, shape, Stream(1, "w")).reshape(shape[0], -1).astype(np.float64)
    short = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(short, made.scale**2 * np.eye(len(short)), atol=3e-7 * made.scale**2)


def test_distributions_differ():
    orthogonal = get("orthogonal")
    a, b = (orthogonal.draw(orthogonal.params(rand_type=r), (3, 4), Stream(1, "w")) for r in ("uniform", "normal"))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0)])
def test_no_matrix_is_refused(shape):
    orthogonal = get("orthogonal")
    with pytest.raises(ConfigError, match="initializer orthogonal: parameter 'w' must have at least 1 axis"):
        orthogonal.draw(orthogonal.params(), shape, Stream(1, "w"))
