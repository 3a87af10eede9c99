"""What a device does of an augmentation is what the host would have done."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.data.augment import REGISTRY
from mxtrain.data.augmenter import ImageSpec
from mxtrain.data.pipeline import Step, prepare
from mxtrain.train.on_device import device_part

CROP = ("random_crop", {"size": (7, 6), "pad": (2, 1), "fill": 9})
FLIP, UPSIDE = ("flip", {}), ("flip", {"direction": "vertical"})
NORMALIZE = ("normalize", {"mean": 3.0, "std": 2.0})


def preprocess(*steps, size=(8, 9)):
    made = [Step(name, REGISTRY.get(name).params(**params)) for name, params in steps]
    return prepare(made, ImageSpec(*size, 3), training=True)


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ((CROP,), 0), ((FLIP,), 0), ((CROP, FLIP), 0), ((CROP, UPSIDE, NORMALIZE), 0),
        ((("brightness", {"amount": 0.2}), CROP, FLIP), 1),
        ((FLIP, CROP), 1), ((FLIP, UPSIDE), 1),
    ],
)  # fmt: skip
def test_windows_and_mirrors_are_those_of_the_host(rng, steps, kept):
    whole = preprocess(*steps)
    part = device_part(whole, ImageSpec(8, 9, 3))
    assert part is not None and len(part.host.steps) == kept
    images = rng.integers(0, 256, (16, 8, 9, 3), np.uint8)
    drawn = whole.draw(5, 2, 32, 16)
    expected = whole.apply_batch(images, drawn)
    given = part.host.apply_batch(images, drawn[:kept])
    places, (v, h) = part.places(5, 2, 32, 16), part.border
    wide = np.pad(given, ((0, 0), (v, v), (h, h), (0, 0)), constant_values=part.fill)
    for image, (top, left, across, down), wanted in zip(wide, places, expected, strict=True):
        piece = image[top : top + part.size[0], left : left + part.size[1]]
        np.testing.assert_array_equal(piece[:: -1 if down else 1, :: -1 if across else 1], wanted)


def test_what_only_the_host_does():
    assert device_part(preprocess(("brightness", {"amount": 0.2})), ImageSpec(8, 9, 3)) is None
    assert device_part(preprocess(CROP, FLIP), None) is None
    assert device_part(preprocess(), ImageSpec(8, 9, 3)) is None


def test_images_of_several_sizes_are_cut_by_the_host():
    whole = preprocess(("random_crop", {"size": 4}), FLIP, size=(None, None))
    part = device_part(whole, ImageSpec(None, None, 3))
    assert part is not None and len(part.host.steps) == 1 and part.size == (4, 4)
