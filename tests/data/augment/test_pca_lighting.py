from __future__ import annotations

import numpy as np

from mxtrain.base.random import words
from mxtrain.data.augment import pca_lighting
from mxtrain.data.augment.pca_lighting import AUGMENTER, Params


def test_offsets_have_the_covariance_of_the_axes():
    offsets = AUGMENTER.draw(Params(std=0.1), words((1, 1), 0, 0, 40_000, 4)).astype(np.float64)
    axes = 0.1 * pca_lighting._AXES
    expected = axes.T @ axes
    np.testing.assert_allclose(np.cov(offsets.T), expected, atol=0.03 * expected.max())
    assert np.abs(offsets.mean(axis=0)).max() < 0.1


def test_axes_are_orthogonal_and_the_first_is_gray():
    vectors = np.array(pca_lighting._VECTORS)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=2e-3)
    assert np.ptp(vectors[0]) < 0.02


def test_rounded_and_cut():
    image = np.array([[[0, 100, 255]]], np.uint8)
    out = AUGMENTER.apply(Params(), image, np.array([-3, 2.6, 7], np.float32))
    assert out.tolist() == [[[0, 103, 255]]]


def test_no_noise_changes_nothing(rng):
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    values = AUGMENTER.draw(Params(std=0), words((1, 1), 0, 0, 1, 4))
    np.testing.assert_array_equal(AUGMENTER.apply(Params(std=0), image, values[0]), image)
