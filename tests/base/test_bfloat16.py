from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.bfloat16 import narrow, widen


def test_every_bfloat16_survives():
    bits = np.arange(1 << 16, dtype=np.uint16)
    values = widen(bits)
    numbers = ~np.isnan(values)
    np.testing.assert_array_equal(narrow(values)[numbers], bits[numbers])
    assert np.isnan(widen(narrow(values[~numbers]))).all()


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (1.0, 0x3F80), (-2.0, 0xC000), (np.inf, 0x7F80), (-0.0, 0x8000),
        (1 + 2**-8, 0x3F80), (1 + 3 * 2**-8, 0x3F82), (1 + 2**-8 + 2**-20, 0x3F81), (3.4e38, 0x7F80),
    ],
)  # fmt: skip
def test_rounding_is_to_the_nearest_and_to_even(value, bits):
    assert narrow(np.array([value], np.float32))[0] == bits


def test_a_nan_with_low_bits_alone_stays_a_nan():
    nan = np.array([0x7F800001], np.uint32).view(np.float32)
    assert np.isnan(widen(narrow(nan))).all()


def test_any_layout_and_shape(rng):
    x = rng.standard_normal((2, 3, 4)).astype(np.float32).transpose(2, 0, 1)
    y = widen(narrow(x))
    assert y.shape == x.shape
    assert np.abs(y - x).max() <= np.abs(x).max() * 2.0**-8
    assert narrow(np.array(1.0, np.float32)).shape == ()
