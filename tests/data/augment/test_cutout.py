from __future__ import annotations

import numpy as np

from mxtrain.base.random import words
from mxtrain.data.augment.cutout import AUGMENTER, Params


def covered(params, height, width, values):
    out = AUGMENTER.apply_batch(params, np.full((len(values), height, width, 3), 9, np.uint8), values)
    return (out != 9).all(axis=3)


def at(y, x):
    return np.array([[y, x, *[0] * 14]], np.float32)


def test_a_hole_around_its_centre():
    mask = covered(Params(size=[3, 4]), 10, 10, at(0.55, 0.5))[0]
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max()) == (4, 6)
    assert (columns.min(), columns.max()) == (3, 6)
    assert mask.sum() == 12


def test_what_lies_beyond_the_edge_is_lost():
    assert covered(Params(size=4), 10, 10, at(0, 0))[0].sum() == 4
    assert covered(Params(size=4), 10, 10, at(0.999, 0.999))[0].sum() == 9
    assert covered(Params(size=99), 10, 10, at(0.5, 0.5)).all()


def test_every_centre_comes_alike():
    values = AUGMENTER.draw(Params(size=1), words((1, 1), 0, 0, 20_000, AUGMENTER.words))
    counts = covered(Params(size=1), 4, 5, values).sum(axis=0)
    # 20 counts around 1000, standard deviation 31.
    assert np.abs(counts - 1000).max() < 150


def test_several_holes():
    values = AUGMENTER.draw(Params(size=1), words((1, 1), 0, 0, 50, AUGMENTER.words))
    sums = covered(Params(size=1, holes=8), 100, 100, values).sum(axis=(1, 2))
    assert sums.max() == 8
    assert sums.min() >= 6


def test_the_fill():
    out = AUGMENTER.apply(Params(size=9, fill=7), np.zeros((4, 4, 1), np.uint8), at(0.5, 0.5)[0])
    assert (out == 7).all()
