from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.backends.cuda.traced import NoStrides, restrided, taken


@pytest.mark.parametrize(
    "key",
    [0, slice(1, None, 2), (slice(None), -1), (Ellipsis, 1), (None, slice(3, 0, -1)), (1, None, Ellipsis, slice(0, 0)),
     (slice(None), slice(None, None, -2), 0)],
)  # fmt: skip
def test_indices_take_what_numpys_take(key):
    x = np.arange(2 * 5 * 3).reshape(2, 5, 3)
    shape, pieces = taken(x.shape, key)
    assert shape == x[key].shape
    offset = sum(first * x.strides[axis] // 8 for axis, first, _ in pieces if axis is not None)
    assert x[key].size == 0 or x.reshape(-1)[offset] == x[key].reshape(-1)[0]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.randoms())
def test_strides_of_other_axes_are_numpys(shape, random):
    order = list(range(len(shape)))
    random.shuffle(order)
    x = np.zeros(shape).transpose(order)
    new = list(x.shape)
    k = random.randrange(len(new) + 1)
    new = [*new[:k], 1, *new[k:]] if k == len(new) or random.random() < 0.5 else [*new[:k], -1]
    wanted = tuple(np.zeros(x.shape).reshape(new).shape)
    try:
        got = restrided(x.shape, tuple(s // 8 for s in x.strides), wanted)
    except NoStrides:
        assert not np.shares_memory(x.reshape(wanted), x)
        return
    y = x.reshape(wanted)
    assert all(g == s // 8 for g, s, n in zip(got, y.strides, wanted, strict=True) if n > 1)
