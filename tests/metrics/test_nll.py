"""nll against a loop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError


def test_mean_of_logarithms(score, probabilities, rng):
    p, y = probabilities(29, 4), rng.integers(0, 4, (29, 1)).astype(np.float32)
    own = (p * (np.arange(4) == y)).sum(axis=1, dtype=np.float64)
    assert score("nll", y, p) == pytest.approx(-np.log(own + 1e-12).mean(), rel=1e-14)
    assert score("nll", y, p, eps=0.5) == pytest.approx(-np.log(own + 0.5).mean(), rel=1e-13)


def test_mxnet_example(score):
    p = np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]], np.float32)
    assert score("nll", np.array([0, 1, 1]), p) == pytest.approx(0.57159948348999023, rel=1e-7)


def test_impossible_class_without_eps(score):
    assert score("nll", np.array([1]), np.array([[1.0, 0.0]]), eps=0.0) == math.inf


def test_nothing_counted(score):
    assert math.isnan(score("nll", np.zeros(0), np.zeros((0, 3))))


def test_errors(score, probabilities):
    with pytest.raises(ShapeError, match=r"'nll': label \(4, 5\) does not fit prediction \(4, 5\).*cross_entropy"):
        score("nll", probabilities(4, 5), probabilities(4, 5))
    with pytest.raises(ShapeError, match=r"label \(9,\) does not fit prediction \(4, 5\)"):
        score("nll", np.zeros(9), probabilities(4, 5))
    with pytest.raises(DataError, match="label 5 is outside the 5 classes"):
        score("nll", np.full(4, 5), probabilities(4, 5))
