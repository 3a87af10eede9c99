from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import words
from mxtrain.data.augment import REGISTRY, color_jitter
from mxtrain.data.augment.color_jitter import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec

NAMES = ("brightness", "contrast", "saturation", "hue")


def test_it_is_the_four_in_the_order_drawn(rng):
    params = Params(brightness=0.4, contrast=0.5, saturation=0.6, hue=0.2)
    image = rng.integers(0, 256, (9, 8, 3), dtype=np.uint8)
    for values in AUGMENTER.draw(params, words((3, 1), 0, 0, 60, 5)):
        expected = image
        for change in color_jitter._ORDERS[int(values[0])]:
            single = REGISTRY.get(NAMES[change])
            amount = single.params(amount=getattr(params, NAMES[change]))
            expected = single.apply(amount, expected, values[1 + change : 2 + change])
        np.testing.assert_array_equal(AUGMENTER.apply(params, image, values), expected)


def test_all_orders_come_alike():
    orders = AUGMENTER.draw(Params(hue=0.1), words((3, 1), 0, 0, 24_000, 5))[:, 0]
    counts = np.bincount(orders.astype(int), minlength=24)
    assert len(counts) == 24
    # 24 counts around 1000, standard deviation 31.
    assert np.abs(counts - 1000).max() < 160


def test_nothing_to_do_is_the_same_image(rng):
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    assert AUGMENTER.apply(Params(), image, np.zeros(5, np.float32)) is image


@pytest.mark.parametrize("given", [{"hue": 0.1}, {"saturation": 0.1}])
def test_colors_of_gray_images_are_refused(given):
    with pytest.raises(ConfigError, match="gray images have no saturation and no hue"):
        AUGMENTER.infer(Params(**given), ImageSpec(4, 4, 1))
    AUGMENTER.infer(Params(**given), ImageSpec(4, 4, 3))
