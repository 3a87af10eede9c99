from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred
from tests.ops.test_multi_box_target import boxes

NAMES = ("cls_prob", "loc_pred", "anchor")
ANCHORS = np.array([[[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.4], [0.5, 0.5, 1, 1]]])
MAKE = {
    "make": {"anchor": boxes, "cls_prob": lambda rng, s: rng.dirichlet(np.ones(s[1]), (s[0], s[2])).transpose(0, 2, 1)},
    "fixed": NAMES,
}


@pytest.mark.parametrize("params", [{}, {"nms_threshold": -1, "threshold": 0.4}], ids=str)
def test_contract(params, rng):
    shapes = {"cls_prob": (2, 4, 9), "loc_pred": (2, 36), "anchor": (1, 9, 4)}
    check_operator("multi_box_detection", Case(shapes, params, **MAKE), rng)


def found(prob, place=None, **params):
    place = np.zeros((1, 12)) if place is None else place
    return forward("multi_box_detection", params, cls_prob=[prob], loc_pred=place, anchor=ANCHORS)[0]


def test_of_two_that_overlap_the_better_stays():
    rows = found([[0.1, 0.2, 0.3], [0.2, 0.8, 0.0], [0.7, 0.0, 0.7]])
    assert rows[:, 0].tolist() == [0, 1, 1] and rows[:, 1].tolist() == [0.8, 0.7, 0.7]
    rows = found([[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]])
    assert rows[:, 0].tolist() == [0, -1, 0] and rows[1, 1] == 0.8
    np.testing.assert_allclose(rows[2], [0, 0.7, 0.5, 0.5, 1, 1])


def test_what_is_suppressed():
    other = [[0.1, 0.2, 0.3], [0.9, 0.0, 0.0], [0.0, 0.8, 0.7]]
    assert found(other)[:, 0].tolist() == [0, 1, 1]
    assert found(other, force_suppress=True)[:, 0].tolist() == [0, -1, 1]
    same = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]]
    assert found(same, nms_threshold=0.9)[:, 0].tolist() == [0, 0, 0]
    assert found(same, nms_threshold=0.9, nms_topk=1)[:, 0].tolist() == [0, -1, -1]
    assert found(same, threshold=0.75)[:, 0].tolist() == [0, -1, -1]
    assert found(same, threshold=0.95).tolist() == [[-1] * 6] * 3


def test_boxes_are_moved_and_clipped():
    place = np.zeros((1, 12))
    place[0, :4] = [1, 0, np.log(2) / 0.2, 0]
    prob = [[0, 1, 1], [1, 0, 0]]
    np.testing.assert_allclose(found(prob, place, clip=False)[0], [0, 1, -0.2, 0, 0.8, 0.5], atol=1e-12)
    np.testing.assert_allclose(found(prob, place)[0], [0, 1, 0, 0, 0.8, 0.5], atol=1e-12)


def test_shapes():
    assert inferred("multi_box_detection", {}, (2, 4, 9), None, None) == ([(2, 4, 9), (2, 36), (1, 9, 4)], (2, 9, 6))
