"""The finisher: the bits of a `Finish`, for every kind of samples and place."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE, Device
from mxtrain.data.augmenter import Finish
from mxtrain.train.finisher import MOST, Finisher

FINISHES = [Finish(), Finish(std=(255.0,)), Finish((123.7, 116.8, 103.9), (58.4, 57.1, 57.4))]


@pytest.mark.parametrize("finish", FINISHES, ids=["none", "one", "each"])
@pytest.mark.parametrize("device", [Device(), REFERENCE], ids=["fast", "reference"])
def test_images_are_those_of_the_finish(rng, device, finish):
    finisher = Finisher(finish, device)
    images = rng.integers(0, 256, (4, 9, 8, 3)).astype(np.uint8)
    expected = np.empty(images.shape, np.float32)
    finish.apply(images, expected)
    for target in (np.empty((4, 3, 9, 8), np.float32), np.empty(images.shape, np.float32).transpose(0, 3, 1, 2)):
        finisher.write(images, target)
        np.testing.assert_array_equal(target, expected.transpose(0, 3, 1, 2))
        finisher.write(images[2:], target[:2])
        np.testing.assert_array_equal(target[:2], expected[2:].transpose(0, 3, 1, 2))


def test_images_that_do_not_lie_in_order_are_written_too(rng):
    images = rng.integers(0, 256, (4, 9, 8, 3)).astype(np.uint8)
    target = np.empty((4, 3, 9, 8), np.float32)
    Finisher(Finish(std=(2.0,)), Device()).write(images[:, ::-1], target)
    np.testing.assert_array_equal(target, images[:, ::-1].transpose(0, 3, 1, 2) / np.float32(2))


def test_floats_are_scaled_as_they_are(rng):
    floats, target = rng.standard_normal((5, 7)).astype(np.float32), np.empty((5, 7), np.float32)
    Finisher(Finish(std=(4.0,)), Device()).write(floats, target)
    np.testing.assert_array_equal(target, floats / 4)


def test_few_places_are_kept(rng):
    finisher = Finisher(Finish(), Device())
    for n in range(1, MOST + 4):
        images = np.full((n, 2, 2, 1), n, np.uint8)
        target = np.empty((n, 1, 2, 2), np.float32)
        finisher.write(images, target)
        assert (target == n).all()
    assert len(finisher._made) == MOST
