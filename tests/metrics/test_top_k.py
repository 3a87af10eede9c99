"""top_k against sorting each sample's scores."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError


@pytest.mark.parametrize("k", [1, 3, 5, 20])
def test_share_among_the_best(score, probabilities, rng, k):
    p, y = probabilities(41, 9), rng.integers(0, 9, 41)
    hits = [y[i] in sorted(range(9), key=lambda c, i=i: -p[i, c])[:k] for i in range(41)]
    assert score("top_k", y, p, k=k) == sum(hits) / 41


def test_k_1_is_accuracy_even_with_ties(score, rng):
    p, y = rng.integers(0, 3, (60, 4)).astype(np.float32), rng.integers(0, 4, 60)
    assert score("top_k", y, p, k=1) == score("accuracy", y, p)


def test_nan_is_never_right(score):
    p = np.array([[np.nan, 1, 2], [np.nan, 1, 2], [np.nan, np.nan, np.nan]], np.float32)
    assert score("top_k", np.array([0, 2, 0]), p, k=1) == 0.0
    assert score("top_k", np.array([0, 2, 0]), p, k=2) == 1 / 3


def test_positions_beyond_the_first_axis(score, rng):
    p, y = rng.random((4, 5, 3)).astype(np.float32), rng.integers(0, 5, (4, 3))
    hits = [y[n, t] in np.argsort(p[n, :, t])[-2:] for n in range(4) for t in range(3)]
    assert score("top_k", y, p, k=2) == np.mean(hits)


def test_ignored_and_soft_labels(score):
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], np.float32)
    assert score("top_k", np.array([2, -1]), p, k=2, ignore_label=-1) == 0.0
    assert score("top_k", np.array([[0, 1, 0], [0.9, 0.1, 0]], np.float32), p, k=2) == 0.5


def test_errors(score, probabilities):
    with pytest.raises(ShapeError, match=r"'top_k': label \(3,\) does not fit prediction \(4, 5\)"):
        score("top_k", np.zeros(3), probabilities(4, 5))
    with pytest.raises(DataError, match="label 7 is outside the 5 classes"):
        score("top_k", np.full(4, 7), probabilities(4, 5))
