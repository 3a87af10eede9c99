from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred
from tests.ops.test_multi_box_target import boxes

CASES = [{}, {"std0": 0.1, "std1": 0.2, "std2": 0.3, "std3": 0.4, "clip": 0.1}, {"format": "corner"}]


@pytest.mark.parametrize("params", CASES, ids=str)
def test_contract(params, rng):
    shapes = {"data": (2, 6, 4), "anchors": (1, 6, 4)}
    check_operator("box_decode", Case(shapes, params, make={"anchors": boxes}, fixed=tuple(shapes)), rng)


def test_boxes():
    data = [[[0.5, 0, np.log(2), 0]]]
    np.testing.assert_allclose(forward("box_decode", {}, data=data, anchors=[[[1.0, 1, 2, 4]]]), [[[0, -1, 4, 3]]])
    corner = forward("box_decode", {"format": "corner"}, data=data, anchors=[[[0.0, -1, 2, 3]]])
    np.testing.assert_allclose(corner, [[[0, -1, 4, 3]]])
    clipped = forward("box_decode", {"clip": 1e-9}, data=data, anchors=[[[1.0, 1, 2, 4]]])
    np.testing.assert_allclose(clipped, [[[1, -1, 3, 3]]], atol=1e-8)


def test_shapes():
    assert inferred("box_decode", {}, None, (1, 6, 4))[0] == [(None, 6, 4), (1, 6, 4)]
