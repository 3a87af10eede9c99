"""constant: every element the number."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from mxtrain.init import Stream, get


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_constant(shape):
    constant = get("constant")
    got = constant.draw(constant.params(value=0.25), shape, Stream(0, "w"))
    np.testing.assert_array_equal(got, np.full(shape, 0.25, np.float32), strict=True)


def test_the_number_is_needed():
    with pytest.raises(ValidationError):
        TypeAdapter(get("constant").params).validate_python({})
