from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data import mixer
from mxtrain.data.mix import mixup
from mxtrain.data.mix.mixup import MIXER, Params


@pytest.mark.parametrize("per", ["batch", "sample"])
def test_images_and_labels_are_blended_alike(per, rng):
    images = rng.integers(0, 256, (30, 40, 50, 3), dtype=np.uint8)
    drawn = words((1, 1), 0, 0, 30, MIXER.words)
    params = Params(alpha=1, per=per)
    out = MIXER.apply(params, images, np.arange(30, dtype=np.float32), 30, drawn)
    weights, partner = mixup.weigh(params, drawn).astype(np.float64), mixer.partners(drawn[:, 0])
    assert len(set(weights)) == (1 if per == "batch" else 30)
    expected = np.eye(30) * weights[:, None] + np.eye(30)[partner] * (1 - weights[:, None])
    np.testing.assert_allclose(out.labels, expected, atol=1e-6)
    blend = np.tensordot(expected, images.astype(np.float64), 1)
    assert np.abs(out.images - blend).max() <= 0.5 + 1e-3


def test_one_sample_is_its_own_partner(rng):
    images = rng.integers(0, 256, (1, 4, 4, 1), dtype=np.uint8)
    out = MIXER.apply(Params(alpha=1), images, np.array([2], np.float32), 3, words((1, 1), 0, 0, 1, MIXER.words))
    np.testing.assert_array_equal(out.images, images)
    np.testing.assert_allclose(out.labels, [[0, 0, 1]], rtol=1e-6)


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"per": "epoch"}, {"probability": 1.5}])
def test_bad_values(wrong):
    with pytest.raises(ValidationError):
        Params(**wrong)
