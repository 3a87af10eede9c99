from __future__ import annotations

import numpy as np

from mxtrain.data.augment.shear import AUGMENTER, Params

BOTH = Params(horizontal=2, vertical=2, method="nearest")


def sheared(image, h, v):
    return AUGMENTER.apply(BOTH, image[:, :, None], np.array([h, v], np.float32))[:, :, 0]


def test_rows_move_by_their_distance_from_the_middle():
    image = np.zeros((5, 9), np.uint8)
    image[:, 4] = 1
    assert sheared(image, 1, 0).argmax(axis=1).tolist() == [2, 3, 4, 5, 6]
    assert sheared(image, -1, 0).argmax(axis=1).tolist() == [6, 5, 4, 3, 2]


def test_columns_move_down():
    image = np.zeros((9, 5), np.uint8)
    image[4] = 1
    assert sheared(image, 0, 1).argmax(axis=0).tolist() == [2, 3, 4, 5, 6]


def test_one_after_the_other(rng):
    image = np.zeros((41, 41), np.uint8)
    image[10:31, 10:31] = rng.integers(1, 256, (21, 21))
    smooth = np.kron(image, np.ones((5, 5), np.uint8))
    both, twice = sheared(smooth, 0.2, 0.1), sheared(sheared(smooth, 0.2, 0), 0, 0.1)
    assert (both == twice).mean() > 0.9
    other = sheared(sheared(smooth, 0, 0.1), 0.2, 0)
    assert (both == other).mean() < (both == twice).mean()
