from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import NoParams
from mxtrain.data.augment.color import AUGMENTER
from mxtrain.data.augmenter import ImageSpec


def test_gray_is_repeated():
    out = AUGMENTER.apply(NoParams(), np.array([[[4]]], np.uint8), np.empty(0))
    assert out.tolist() == [[[4, 4, 4]]]


def test_alpha_is_left_out():
    out = AUGMENTER.apply(NoParams(), np.array([[[1, 2, 3, 4]]], np.uint8), np.empty(0))
    assert out.tolist() == [[[1, 2, 3]]]


def test_two_channels_are_refused():
    with pytest.raises(ConfigError, match="these have 2"):
        AUGMENTER.infer(NoParams(), ImageSpec(4, 4, 2))
