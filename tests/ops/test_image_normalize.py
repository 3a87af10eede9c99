from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

HOW = {"mean": (0.4, 0.5, 0.6), "std": (0.1, 0.2, 0.3)}
CASES = [Case({"data": (3, 4, 5)}, HOW), Case({"data": (2, 3, 4, 5)}, {"mean": (0.5,)}), Case({"data": (1, 4, 5)})]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("image_normalize", case, rng)


def test_every_channel_has_its_own():
    y = forward("image_normalize", {"mean": (1, 2, 3), "std": (1, 2, 4)}, data=np.full((3, 1, 1), 5.0))
    np.testing.assert_allclose(y.reshape(-1), [4, 1.5, 0.5])
    np.testing.assert_allclose(forward("image_normalize", HOW, data=np.full((1, 1, 1), 0.5)), [[[1]]])


@pytest.mark.parametrize(
    ("params", "shape", "text"),
    [
        ({}, (2, 4, 5), "must have 1 or 3 channels"),
        ({"mean": (1, 2)}, (3, 4, 5), "must have one value, or one for each of 3 channels"),
        ({"std": (0,)}, (3, 4, 5), "must not hold 0"),
    ],
)
def test_what_cannot_be(params, shape, text):
    with pytest.raises(ShapeError, match=text):
        inferred("image_normalize", params, shape)
