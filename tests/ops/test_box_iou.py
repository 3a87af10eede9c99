from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred
from tests.ops.test_multi_box_target import boxes

MAKE = {"make": {"lhs": boxes, "rhs": boxes}, "fixed": ("lhs", "rhs")}


@pytest.mark.parametrize("form", ["corner", "center"])
def test_contract(form, rng):
    check_operator("box_iou", Case({"lhs": (2, 3, 4), "rhs": (5, 4)}, {"format": form}, **MAKE), rng)


def test_overlaps():
    a, b = [[0.0, 0, 2, 2]], [[1.0, 1, 3, 3], [0, 0, 2, 2], [5, 5, 6, 6]]
    np.testing.assert_allclose(forward("box_iou", {}, lhs=a, rhs=b), [[1 / 7, 1, 0]])
    a, b = [[1.0, 1, 2, 2]], [[2.0, 2, 2, 2], [1, 1, 2, 2], [5.5, 5.5, 1, 1]]
    np.testing.assert_allclose(forward("box_iou", {"format": "center"}, lhs=a, rhs=b), [[1 / 7, 1, 0]])


def test_shapes():
    assert inferred("box_iou", {}, (2, 3, 4), (5, None))[1] == (2, 3, 5)
    with pytest.raises(ShapeError, match=r"input 'rhs' must have the axes \(\.\.\., 4\)"):
        inferred("box_iou", {}, (3, 4), (5, 3))
