"""zeros: every element 0."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.init import Stream, get


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_zeros(shape):
    zeros = get("zeros")
    np.testing.assert_array_equal(
        zeros.draw(zeros.params(), shape, Stream(0, "w")), np.full(shape, 0, np.float32), strict=True
    )
