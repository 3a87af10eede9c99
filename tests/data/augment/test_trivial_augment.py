from __future__ import annotations

import numpy as np

from mxtrain.base.random import words
from mxtrain.data.augment import _operations, trivial_augment
from mxtrain.data.augment.trivial_augment import AUGMENTER, Params


def test_all_operations_strengths_and_signs_come_alike():
    values = AUGMENTER.draw(Params(), words((1, 1), 0, 0, 14 * 31 * 40, AUGMENTER.words)).astype(int)
    for column, kinds in ((0, 14), (1, 31), (2, 2)):
        counts = np.bincount(values[:, column], minlength=kinds)
        expected = len(values) / kinds
        assert len(counts) == kinds
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_one_operation_of_the_strength_drawn(rng):
    image = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for operation, strength, negative in AUGMENTER.draw(Params(), words((1, 1), 0, 0, 100, 3)).astype(int):
        out = AUGMENTER.apply(Params(fill=9), image, np.array([operation, strength, negative], np.float32))
        expected = _operations.run(
            image, [(operation, strength, bool(negative))], trivial_augment._LARGEST, "bilinear", 9
        )
        np.testing.assert_array_equal(out, expected)
