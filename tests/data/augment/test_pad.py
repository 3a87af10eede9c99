from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.data.augment.pad import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec


@pytest.mark.parametrize(
    ("mode", "row"),
    [("constant", [7, 7, 1, 2, 3, 7, 7]), ("edge", [1, 1, 1, 2, 3, 3, 3]), ("reflect", [3, 2, 1, 2, 3, 2, 1])],
)
def test_modes(mode, row):
    image = np.array([[[1], [2], [3]]], np.uint8)
    out = AUGMENTER.apply(Params(border=[0, 2], mode=mode, fill=7), image, np.empty(0))
    assert out[0, :, 0].tolist() == row


def test_no_reflection_beyond_the_image():
    with pytest.raises(ConfigError, match="cannot reflect 3 pixels"):
        AUGMENTER.infer(Params(border=3, mode="reflect"), ImageSpec(3, 9, 1))
