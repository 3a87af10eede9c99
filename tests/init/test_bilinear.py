"""bilinear: MXNet 1.9.1's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.init import Stream, get


def draw(shape):
    bilinear = get("bilinear")
    return bilinear.draw(bilinear.params(), shape, Stream(0, "up_weight"))


@pytest.mark.parametrize(
    ("shape", "numbers"),
    [
        (
            (1, 1, 4, 4),
            [
                0.0625,
                0.1875,
                0.1875,
                0.0625,
                0.1875,
                0.5625,
                0.5625,
                0.1875,
                0.1875,
                0.5625,
                0.5625,
                0.1875,
                0.0625,
                0.1875,
                0.1875,
                0.0625,
            ],
        ),
        ((2, 1, 3, 3), [0.0625, 0.1875, 0.1875, 0.1875, 0.5625, 0.5625, 0.1875, 0.5625, 0.5625]),
        (
            (1, 2, 2, 5),
            [
                0.11111111,
                0.22222222,
                0.33333334,
                0.22222222,
                0.11111111,
                0.22222222,
                0.44444445,
                0.66666669,
                0.44444445,
                0.22222222,
            ],
        ),
        ((1, 1, 5, 2), [1.0, 0.0, 0.0, 0.0, -1.0, -0.0, -2.0, -0.0, -3.0, -0.0]),
    ],
)
def test_as_mxnet(shape, numbers):
    got = draw(shape)
    for channel in got.reshape(-1, *shape[2:]):
        np.testing.assert_array_equal(channel, np.float32(numbers).reshape(shape[2:]))


def test_rows_that_are_empty():
    assert draw((2, 1, 3, 0)).shape == (2, 1, 3, 0)


def test_other_shapes_are_refused():
    with pytest.raises(ConfigError, match="parameter 'up_weight' must have 4 axes .I, O, H, W., got .3, 4."):
        draw((3, 4))
