from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import words
from mxtrain.data.augment import _operations
from mxtrain.data.augment.rand_augment import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec


def test_all_operations_and_both_signs_come_alike():
    values = AUGMENTER.draw(Params(), words((1, 1), 0, 0, 7000, AUGMENTER.words))
    for column in range(0, 16, 2):
        counts = np.bincount(values[:, column].astype(int), minlength=14)
        assert len(counts) == 14
        # 14 counts around 500, standard deviation 22.
        assert np.abs(counts - 500).max() < 110
        assert abs(values[:, column + 1].mean() - 0.5) < 0.03


def test_n_operations_one_after_the_other(rng):
    image = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for n in (1, 2, 5):
        params = Params(n=n, m=20, fill=3)
        for values in AUGMENTER.draw(params, words((2, n), 0, 0, 20, AUGMENTER.words)):
            expected = image
            for operation, negative in values.reshape(-1, 2)[:n]:
                expected = AUGMENTER.apply(
                    Params(n=1, m=20, fill=3), expected, np.array([operation, negative], np.float32)
                )
            np.testing.assert_array_equal(AUGMENTER.apply(params, image, values), expected)


def test_strength_zero_moves_nothing(rng):
    image = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image[0, :2] = [[0], [255]]
    for number, name in enumerate(_operations.OPERATIONS):
        out = AUGMENTER.apply(Params(n=1, m=0), image, np.array([number, 0], np.float32))
        # solarize inverts from 255 on, equalize has no strength.
        assert (out == image).all() == (name not in ("equalize", "solarize"))


def test_strengths_beyond_thirty_are_refused():
    for wrong in ({"m": 31}, {"m": -1}, {"n": 0}, {"n": 9}):
        with pytest.raises(ValidationError):
            Params(**wrong)


def test_alpha_is_refused():
    with pytest.raises(ConfigError, match="rand_augment: works on images with 1 or 3 channels, these have 4"):
        AUGMENTER.infer(Params(), ImageSpec(4, 4, 4))
