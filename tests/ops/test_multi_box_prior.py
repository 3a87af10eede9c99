from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (2, 3, 4, 5)}, {"sizes": (0.2, 0.3), "ratios": (2, 1, 0.5)}),
    Case({"data": (1, 3, 2, 2)}, {"clip": True, "steps": (0.1, 0.2), "offsets": (0.4, 0.6)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("multi_box_prior", case, rng)


def test_values_are_mxnets():
    # One row of two positions: a size s is s high, and s / 2 wide where the image is twice as wide as high.
    boxes = forward("multi_box_prior", {"sizes": (0.5, 0.25), "ratios": (1, 4)}, data=np.zeros((1, 1, 1, 2)))
    np.testing.assert_allclose(
        boxes[0],
        [[0.125, 0.25, 0.375, 0.75], [0.1875, 0.375, 0.3125, 0.625], [0, 0.375, 0.5, 0.625],
         [0.625, 0.25, 0.875, 0.75], [0.6875, 0.375, 0.8125, 0.625], [0.5, 0.375, 1, 0.625]],
    )  # fmt: skip


def test_clip_keeps_boxes_inside():
    boxes = forward("multi_box_prior", {"sizes": (2,), "clip": True}, data=np.zeros((1, 1, 1, 1)))
    assert boxes.tolist() == [[[0, 0, 1, 1]]]


def test_shapes():
    assert inferred("multi_box_prior", {"ratios": (1, 2, 3)}, (None, None, 4, 5))[1] == (1, 60, 4)
    with pytest.raises(ShapeError, match=r"'data' must have the axes \(N, C, H, W\)"):
        inferred("multi_box_prior", {}, (2, 3, 4))
