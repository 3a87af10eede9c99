"""pearson against numpy.corrcoef, and against means taken off first where sums of squares would lose everything."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError


def test_correlation(score, rng):
    y = rng.normal(size=(60, 2)).astype(np.float32)
    p = (0.3 * y + rng.normal(size=(60, 2))).astype(np.float32)
    assert score("pearson", y, p) == pytest.approx(np.corrcoef(y.ravel(), p.ravel())[0, 1], rel=1e-6)
    wide = np.corrcoef(y.ravel().astype(np.float64), p.ravel().astype(np.float64))[0, 1]
    assert score("pearson", y, p) == pytest.approx(wide, rel=1e-13)
    assert score("pearson", y, -p) == pytest.approx(-wide, rel=1e-13)


def test_mxnet_example(score):
    p, y = np.array([[0.3, 0.7], [0, 1.0], [0.4, 0.6]], np.float32), np.array([[1, 0], [0, 1], [0, 1]])
    assert score("pearson", y, p) == pytest.approx(0.42163704544016178, rel=1e-14)


def test_means_far_from_zero(score, rng):
    y = (1e6 + rng.integers(0, 16, 200) / 16).astype(np.float32)
    p = (-3e5 + rng.integers(0, 16, 200) / 32).astype(np.float32)
    dy, dp = y.astype(np.float64) + -1e6, p.astype(np.float64) + 3e5
    assert score("pearson", y, p) == pytest.approx(np.corrcoef(dy, dp)[0, 1], rel=1e-12)


def test_perfect(score):
    assert score("pearson", np.arange(5), 2.0 * np.arange(5) + 7) == 1.0


def test_no_meaning(score):
    assert math.isnan(score("pearson", np.ones(4), np.arange(4)))
    assert math.isnan(score("pearson", np.arange(4), np.array([1, np.nan, 2, 3])))
    assert math.isnan(score("pearson", np.zeros(0), np.zeros(0)))


def test_errors(score):
    with pytest.raises(ShapeError, match=r"'pearson': label \(4,\) does not fit prediction \(5,\)"):
        score("pearson", np.zeros(4), np.zeros(5))
