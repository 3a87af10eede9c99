"""f1 against precision and recall over sets of indices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.errors import DataError, ShapeError
from mxtrain.metrics import get


def by_sets(y, said, c):
    wanted, found = {i for i, v in enumerate(y) if v == c}, {i for i, v in enumerate(said) if v == c}
    both = len(wanted & found)
    if not both:
        return 0.0
    precision, recall = both / len(found), both / len(wanted)
    return 2 * precision * recall / (precision + recall)


def test_binary(score, probabilities, rng):
    p, y = probabilities(50, 2), rng.integers(0, 2, 50)
    expected = by_sets(y, p.argmax(1), 1)
    assert 0 < expected < 1
    assert score("f1", y, p) == pytest.approx(expected, rel=1e-15)
    assert score("f1", y, p[:, 1]) == pytest.approx(expected, rel=1e-15)
    assert score("f1", y, p[:, 1:]) == pytest.approx(expected, rel=1e-15)


def test_mxnet_example(score):
    p = np.array([[0.3, 0.7], [0.0, 1.0], [0.4, 0.6]])
    assert score("f1", np.array([0.0, 1.0, 1.0]), p) == pytest.approx(0.8, rel=1e-15)


def test_macro_is_the_mean_over_classes_that_occur(score, rng):
    y = rng.choice([0, 1, 3], 60)
    said = np.where(rng.random(60) < 0.6, y, rng.choice([0, 1, 2], 60))
    p = np.eye(6, dtype=np.float32)[said]
    expected = np.mean([by_sets(y, said, c) for c in (0, 1, 2, 3)])
    assert score("f1", y, p, average="macro", num_classes=6) == pytest.approx(expected, rel=1e-14)


def test_soft_labels(score, probabilities):
    p, t = probabilities(40, 2), probabilities(40, 2)
    assert score("f1", t, p) == score("f1", t.argmax(1), p)


def test_class_1_never_occurs(score):
    assert score("f1", np.zeros(3), np.array([[0.9, 0.1]] * 3)) == 0.0
    assert math.isnan(score("f1", np.zeros(0), np.zeros((0, 2))))


def test_sums_have_names():
    f1 = get("f1")
    assert f1.sum_names(f1.params()) == ("true_positive", "false_positive", "false_negative", "count")
    assert len(f1.sum_names(f1.params(average="macro", num_classes=5))) == 16


def test_errors(score, probabilities):
    with pytest.raises(ShapeError, match=r"'f1': label \(4,\) does not fit prediction \(4, 5\).*shape \(N, 2\)"):
        score("f1", np.zeros(4), probabilities(4, 5))
    with pytest.raises(ShapeError, match=r"label \(3,\) does not fit prediction \(4,\)"):
        score("f1", np.zeros(3), np.zeros(4))
    with pytest.raises(ShapeError, match=r"label \(3,\) does not fit prediction \(4, 2\)"):
        score("f1", np.zeros(3), probabilities(4, 2))
    with pytest.raises(DataError, match="label 2 is outside the 2 classes"):
        score("f1", np.full(4, 2), np.zeros(4))
    with pytest.raises(ValidationError, match="average: macro"):
        get("f1").params(num_classes=3)
