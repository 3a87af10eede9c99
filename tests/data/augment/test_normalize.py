from __future__ import annotations

import pytest
from pydantic import ValidationError

from mxtrain.base.errors import ConfigError
from mxtrain.data.augment.normalize import AUGMENTER, Params
from mxtrain.data.augmenter import Finish, ImageSpec


def test_one_number_stands_for_all_channels():
    assert AUGMENTER.finish(Params(mean=3, std=255)) == Finish((3.0,), (255.0,), 1.0)


def test_one_number_or_one_per_channel():
    AUGMENTER.infer(Params(mean=[1, 2, 3]), ImageSpec(None, None, 3))
    with pytest.raises(ConfigError, match="mean has 3 numbers, the samples have 1 channel;"):
        AUGMENTER.infer(Params(mean=[1, 2, 3]), ImageSpec(28, 28, 1))
    with pytest.raises(ConfigError, match="std has 2 numbers, the samples have no channels"):
        AUGMENTER.infer(Params(std=[1, 2]), ImageSpec(None, None, None))


@pytest.mark.parametrize("wrong", [{"std": 0}, {"std": [1, -1]}, {"mean": []}, {"scale": 0}, {"mean": "red"}])
def test_bad_values(wrong):
    with pytest.raises(ValidationError):
        Params(**wrong)
