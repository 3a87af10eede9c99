"""perplexity against the geometric mean of inverse probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError


def test_geometric_mean_of_inverse_probabilities(score, probabilities, rng):
    p, y = probabilities(12, 5), rng.integers(0, 5, 12)
    product = math.prod(float(p[i, y[i]]) for i in range(12))
    assert score("perplexity", y, p) == pytest.approx(product ** (-1 / 12), rel=1e-13)


def test_mxnet_example(score):
    p = np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]], np.float32)
    assert score("perplexity", np.array([0, 1, 1]), p) == pytest.approx(1.7710976285155853, rel=1e-7)


def test_uniform_predictions_give_the_number_of_classes(score, rng):
    assert score("perplexity", rng.integers(0, 8, (6, 5)), np.full((6, 5, 8), 0.125)) == pytest.approx(8, rel=1e-15)


def test_labels_of_sequences_beside_flat_predictions(score, probabilities, rng):
    p, y = probabilities(12, 5), rng.integers(0, 5, (4, 3))
    flat = score("perplexity", y.reshape(-1), p)
    assert score("perplexity", y, p.reshape(4, 3, 5)) == flat
    assert score("perplexity", y, p.reshape(4, 3, 5).transpose(0, 2, 1), axis=1) == flat


def test_ignored_positions(score, probabilities):
    p = probabilities(3, 4)
    expected = 1 / math.sqrt(float(p[0, 3]) * float(p[2, 1]))
    assert score("perplexity", np.array([3, 0, 1]), p, ignore_label=0) == pytest.approx(expected, rel=1e-14)
    assert math.isnan(score("perplexity", np.zeros(3), p, ignore_label=0))


def test_impossible_class_is_held_at_1e_minus_10(score):
    assert score("perplexity", np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(1e10, rel=1e-14)


def test_errors(score, probabilities):
    with pytest.raises(ShapeError, match=r"'perplexity': label \(3,\) does not fit prediction \(4, 5\)"):
        score("perplexity", np.zeros(3), probabilities(4, 5))
    with pytest.raises(ShapeError, match="one class label per position"):
        score("perplexity", probabilities(4, 5), probabilities(4, 5))
    with pytest.raises(DataError, match="label 9 is outside the 5 classes"):
        score("perplexity", np.full(4, 9), probabilities(4, 5))
