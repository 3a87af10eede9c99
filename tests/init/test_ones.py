"""ones: every element 1."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.init import Stream, get


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_ones(shape):
    ones = get("ones")
    np.testing.assert_array_equal(
        ones.draw(ones.params(), shape, Stream(0, "w")), np.full(shape, 1, np.float32), strict=True
    )
