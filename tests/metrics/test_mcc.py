"""mcc against the correlation of zeros and ones, which it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError


def test_is_the_correlation_of_indicators(score, probabilities, rng):
    p, y = probabilities(80, 2), rng.integers(0, 2, 80)
    expected = np.corrcoef(y, p[:, 1] > p[:, 0])[0, 1]
    assert abs(expected) > 1e-3
    assert score("mcc", y, p) == pytest.approx(expected, rel=1e-12)


def test_mxnet_example(score):
    """The example of MXNet's documentation: many positives, and next to nothing learned about the negatives."""
    y = np.repeat([1, 0, 1, 0], [10000, 1000, 1, 1])
    p = np.repeat(np.array([[0.3, 0.7], [0.3, 0.7], [0.7, 0.3], [0.7, 0.3]]), [10000, 1000, 1, 1], axis=0)
    assert score("mcc", y, p) == pytest.approx(0.01917751877733392, rel=1e-14)


def test_perfect_and_opposite(score):
    y = np.array([0, 1, 1, 0, 1])
    assert score("mcc", y, y.astype(np.float32)) == 1.0
    assert score("mcc", y, 1 - y) == -1.0


def test_one_class_only(score):
    assert score("mcc", np.zeros(4), np.array([0.2, 0.9, 0.1, 0.4])) == 0.0
    assert math.isnan(score("mcc", np.zeros(0), np.zeros(0)))


def test_errors(score, probabilities):
    with pytest.raises(ShapeError, match=r"'mcc': label \(4,\) does not fit prediction \(4, 3\)"):
        score("mcc", np.zeros(4), probabilities(4, 3))
    with pytest.raises(DataError, match="label -1 is outside the 2 classes"):
        score("mcc", np.full(4, -1), np.zeros(4))
