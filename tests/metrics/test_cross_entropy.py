"""cross_entropy against sums over one-hot labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError


def test_mean_of_logarithms(score, probabilities, rng):
    p, y = probabilities(33, 7), rng.integers(0, 7, 33).astype(np.float32)
    expected = math.fsum(-math.log(float(p[i, int(y[i])]) + 1e-12) for i in range(33)) / 33
    assert score("cross_entropy", y, p) == pytest.approx(expected, rel=1e-15)


def test_mxnet_example(score):
    p = np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]], np.float32)
    assert score("cross_entropy", np.array([0, 1, 1]), p) == pytest.approx(0.57159948348999023, rel=1e-7)


def test_soft_labels(score, probabilities):
    p, t = probabilities(33, 7), probabilities(33, 7)
    expected = -np.einsum("nc,nc->", t.astype(np.float64), np.log(p.astype(np.float64) + 1e-12)) / 33
    assert score("cross_entropy", t, p) == pytest.approx(expected, rel=1e-14)


def test_one_hot_labels_are_class_labels(score, probabilities, rng):
    p, y = probabilities(33, 7), rng.integers(0, 7, 33)
    assert score("cross_entropy", np.eye(7, dtype=np.float32)[y], p) == score("cross_entropy", y, p)


@pytest.mark.parametrize("axis", [1, -1])
def test_positions_beyond_the_first_axis(score, rng, axis):
    p, y = rng.random((5, 4, 4)).astype(np.float32), rng.integers(0, 4, (5, 4))
    own = [p[n, y[n, t], t] if axis == 1 else p[n, t, y[n, t]] for n in range(5) for t in range(4)]
    assert score("cross_entropy", y, p, axis=axis) == pytest.approx(-np.mean(np.log(np.float64(own))), rel=1e-10)


def test_ignored_positions(score, probabilities):
    p = probabilities(4, 3)
    expected = -(math.log(p[0, 1]) + math.log(p[2, 2])) / 2
    assert score("cross_entropy", np.array([1, -1, 2, -1]), p, ignore_label=-1) == pytest.approx(expected, rel=1e-10)
    assert math.isnan(score("cross_entropy", np.full(4, -1), p, ignore_label=-1))


def test_a_class_held_impossible(score):
    p = np.array([[1.0, 0.0], [0.5, 0.5]], np.float32)
    assert score("cross_entropy", np.array([1, 0]), p) == pytest.approx(
        (12 * math.log(10) + math.log(2)) / 2, rel=1e-12
    )
    assert score("cross_entropy", np.array([1, 0]), p, eps=0.0) == math.inf
    assert score("cross_entropy", np.array([[1, 0], [0, 1]], np.float32), p, eps=0.0) == math.log(2) / 2


def test_nan_is_shown(score):
    assert math.isnan(score("cross_entropy", np.array([0, 1]), np.array([[np.nan, 1], [0, 1]], np.float32)))


def test_errors(score, probabilities):
    with pytest.raises(ShapeError, match=r"'cross_entropy': label \(3,\) does not fit prediction \(4, 5\)"):
        score("cross_entropy", np.zeros(3), probabilities(4, 5))
    with pytest.raises(DataError, match="label -1 is outside the 5 classes"):
        score("cross_entropy", np.full(4, -1), probabilities(4, 5))
