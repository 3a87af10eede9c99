"""accuracy against a loop over positions."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError


def test_share_of_right_classes(score, probabilities, rng):
    p, y = probabilities(37, 6), rng.integers(0, 6, 37)
    right = sum(max(range(6), key=lambda c, i=i: p[i, c]) == y[i] for i in range(37))
    assert score("accuracy", y, p) == right / 37
    assert score("accuracy", y.astype(np.float32)[:, None], p) == right / 37


def test_mxnet_example(score):
    p = np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]], np.float32)
    assert score("accuracy", np.array([0, 1, 1], np.float32), p) == 2 / 3


@pytest.mark.parametrize("axis", [1, -1, 2])
def test_class_axis(score, rng, axis):
    p = rng.random((8, 4, 4)).astype(np.float32)
    y = rng.integers(0, 4, (8, 4))
    right = 0
    for n in range(8):
        for t in range(4):
            scores = p[n, :, t] if axis == 1 else p[n, t, :]
            right += int(np.argsort(-scores)[0] == y[n, t])
    assert score("accuracy", y, p, axis=axis) == right / 32


def test_ignored_positions_are_not_counted(score, probabilities):
    p = probabilities(5, 3)
    y = np.array([-1, *p[1:3].argmax(1), -1, (p[4].argmax() + 1) % 3])
    assert score("accuracy", y, p, ignore_label=-1) == 2 / 3
    assert np.isnan(score("accuracy", np.full(5, -1), p, ignore_label=-1))


def test_predictions_that_are_classes(score):
    assert score("accuracy", np.array([1.0, 2.0, 3.0, 3.0]), np.array([1.0, 2.0, 0.0, 3.0])) == 0.75
    assert score("accuracy", np.array([[1, 2], [3, 0]]), np.array([[1, 2], [0, 0]])) == 0.75
    assert score("accuracy", np.array([1, -1, 3]), np.array([1, 2, 0]), ignore_label=-1) == 0.5


def test_one_column_is_the_probability_of_class_1(score):
    assert score("accuracy", np.array([1, 0, 1, 1]), np.array([[0.9], [0.2], [0.4], [0.6]], np.float32)) == 0.75


def test_soft_labels_count_by_their_largest(score, probabilities):
    p, t = probabilities(20, 5), probabilities(20, 5)
    assert score("accuracy", t, p) == np.mean(
        [list(a).index(max(a)) == list(b).index(max(b)) for a, b in zip(t, p, strict=True)]
    )


def test_errors_name_both_shapes(score, probabilities):
    with pytest.raises(
        ShapeError, match=r"'accuracy': label \(3,\) does not fit prediction \(4, 5\).*each of 4 positions"
    ):
        score("accuracy", np.zeros(3), probabilities(4, 5))
    with pytest.raises(ShapeError, match=r"label \(3,\) does not fit prediction \(4,\)"):
        score("accuracy", np.zeros(3), np.zeros(4))
    with pytest.raises(ShapeError, match=r"prediction \(4, 5\) has no axis 2"):
        score("accuracy", np.zeros(4), probabilities(4, 5), axis=2)


@pytest.mark.parametrize("bad", [5, -1])
def test_labels_outside_the_classes(score, probabilities, bad):
    with pytest.raises(DataError, match=rf"label {bad} is outside the 5 classes"):
        score("accuracy", np.array([0, bad, 1]), probabilities(3, 5))


@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf])
def test_labels_that_are_no_classes(score, probabilities, bad):
    with pytest.raises(DataError, match="at position 1 is not a class"):
        score("accuracy", np.array([0.0, bad, 1.0]), probabilities(3, 5))
