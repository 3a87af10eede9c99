from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

DATA = {"data": (2, 4, 6, 7)}
CASES = [
    Case(DATA, {"kernel": 3, "num_filter": 4, "pad": 1}),
    Case(DATA, {"kernel": (3, 2), "num_filter": 4, "stride": 2, "dilate": (2, 1), "num_deformable_group": 2}),
    Case(DATA, {"kernel": 3, "num_filter": 4, "num_group": 2, "no_bias": True}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("deformable_convolution", case, rng)


@pytest.mark.parametrize("params", [{}, {"num_group": 2}, {"stride": 2, "dilate": (1, 2), "pad": (1, 2)}], ids=str)
def test_without_offsets_it_is_a_convolution(params, rng):
    how = {"kernel": (3, 2), "num_filter": 4, **params}
    data = rng.standard_normal((2, 4, 6, 7))
    (_, offset, weight, _), _ = inferred("deformable_convolution", how, data.shape, None, None, None)
    arrays = {"data": data, "weight": rng.standard_normal(weight), "bias": rng.standard_normal(4)}
    y = forward("deformable_convolution", how, offset=np.zeros(offset), **arrays)
    np.testing.assert_allclose(y, forward("convolution", how, **arrays), rtol=1e-12, atol=1e-12)


def read_at(place):
    """What a window of one element reads at (0, place) of a row of three."""
    offset = np.array([0, float(place)]).reshape(1, 2, 1, 1) * np.ones((1, 2, 1, 3))
    how = {"kernel": 1, "num_filter": 1, "no_bias": True}
    data = np.array([[[[10.0, 20, 30]]]])
    return float(forward("deformable_convolution", how, data=data, offset=offset, weight=[[[[1.0]]]])[0, 0, 0, 0])


def test_the_image_ends_as_in_mxnet():
    assert [read_at(p) for p in (-0.1, 0, 0.5, 2, 2.9, 3)] == [0, 10, 15, 30, 30, 0]


def test_shapes():
    how = {"kernel": 3, "num_filter": 4, "pad": 1, "num_deformable_group": 2}
    want = [(2, 4, 6, 7), (2, 36, 6, 7), (4, 4, 3, 3), (4,)]
    assert inferred("deformable_convolution", how, (2, 4, 6, 7), None, None, None) == (want, (2, 4, 6, 7))
    with pytest.raises(ShapeError, match="5 channels of 'data' must be a multiple of num_deformable_group 2"):
        inferred("deformable_convolution", how, (2, 5, 6, 7), None, None, None)
    with pytest.raises(ShapeError, match="num_filter 4 must be a multiple of num_group 3"):
        inferred("deformable_convolution", {**how, "num_group": 3}, (2, 6, 6, 7), None, None, None)
