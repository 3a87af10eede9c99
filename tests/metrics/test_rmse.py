"""rmse against the norm of the error."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError


def test_random_errors(score, rng):
    y, p = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(40, 3)).astype(np.float32)
    e = (y.astype(np.float64) - p).ravel()
    assert score("rmse", y, p) == pytest.approx(float(np.linalg.norm(e) / np.sqrt(e.size)), rel=1e-14)


def test_mxnet_example(score):
    y, p = np.array([2.5, 0.0, 2, 8]), np.array([[3], [-0.5], [2], [7]])
    assert score("rmse", y, p) == pytest.approx(0.612372435695794, rel=1e-14)
    assert score("rmse", 2 * y[:, None], 2 * p) == pytest.approx(2.0 * 0.612372435695794, rel=1e-14)


def test_a_short_last_batch_weighs_by_its_samples(score):
    assert score("rmse", np.zeros(5), np.array([1, 1, 1, 1, -3.0])) == pytest.approx(math.sqrt(13 / 5), rel=1e-15)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_small_and_large_errors(score, rng, size):
    p = (rng.normal(size=100) * size).astype(np.float32)
    e = p.astype(np.float64)
    assert score("rmse", np.zeros(100), p) == pytest.approx(float(np.linalg.norm(e) / np.sqrt(e.size)), rel=1e-12)


def test_results_that_are_not_finite(score):
    assert score("rmse", np.zeros(2), np.array([np.inf, 1])) == math.inf
    assert math.isnan(score("rmse", np.zeros(2), np.array([np.nan, 1])))
    assert math.isnan(score("rmse", np.zeros(0), np.zeros((0, 1))))


def test_errors_name_both_shapes(score):
    with pytest.raises(ShapeError, match=r"'rmse': label \(4,\) does not fit prediction \(4, 2\).*shape \(4, 2\)"):
        score("rmse", np.zeros(4), np.zeros((4, 2)))
    with pytest.raises(ShapeError, match=r"label \(4, 2, 3\) does not fit prediction \(4, 3, 2\)"):
        score("rmse", np.zeros((4, 2, 3)), np.zeros((4, 3, 2)))
