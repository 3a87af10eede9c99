from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

NAMES = ("cls_prob", "bbox_pred", "im_info")
ONE = {"feature_stride": 16, "scales": (1,), "ratios": (1,), "rpn_min_size": 1, "rpn_post_nms_top_n": 3}
MAKE = {
    "cls_prob": lambda rng, s: rng.permutation(int(np.prod(s))).reshape(s) / np.prod(s),
    "bbox_pred": lambda rng, s: 0.2 * rng.standard_normal(s),
    "im_info": lambda rng, s: np.array([[40, 48, 1], [33, 41, 0.5]]),
}
CASES = [
    {"rpn_post_nms_top_n": 6, "feature_stride": 8, "scales": (1, 2), "ratios": (0.5,), "rpn_min_size": 2},
    {"rpn_post_nms_top_n": 6, "feature_stride": 8, "scales": (2,), "ratios": (0.5, 1), "iou_loss": True,
     "output_score": True, "rpn_pre_nms_top_n": 20, "threshold": 0.4},
]  # fmt: skip


@pytest.mark.parametrize("params", CASES, ids=str)
def test_contract(params, rng):
    shapes = {"cls_prob": (2, 4, 5, 6), "bbox_pred": (2, 8, 5, 6)}
    check_operator("proposal", Case(shapes, params, make=MAKE, fixed=NAMES), rng)


def found(scores, moves=None, info=(32, 32, 1), **params):
    prob = np.zeros((1, 2, 2, 2))
    prob[0, 1] = scores
    pred = np.zeros((1, 4, 2, 2)) if moves is None else moves
    return forward("proposal", {**ONE, **params}, cls_prob=prob, bbox_pred=pred, im_info=np.array([info], float))


def test_regions_come_by_score_and_again_where_there_are_too_few():
    rows = found([[0.1, 0.9], [0.5, 0.2]])
    np.testing.assert_array_equal(rows, [[0, 16, 0, 31, 15], [0, 0, 16, 15, 31], [0, 16, 16, 31, 31]])
    rows = found([[0.1, 0.9], [0.5, 0.2]], rpn_pre_nms_top_n=2)
    np.testing.assert_array_equal(rows[2], rows[0])


def test_of_regions_that_overlap_the_better_stays():
    moves = np.zeros((1, 4, 2, 2))
    moves[0, 1, 1, 1] = -1
    rows = found([[0.1, 0.8], [0.5, 0.9]], moves, rpn_pre_nms_top_n=3)
    np.testing.assert_array_equal(rows[:2], [[0, 16, 0, 31, 15], [0, 0, 16, 15, 31]])


def test_what_lies_beyond_the_image_comes_last():
    rows = found([[0.1, 0.9], [0.5, 0.2]], info=(32, 17, 1), rpn_post_nms_top_n=2)
    np.testing.assert_array_equal(rows, [[0, 0, 16, 15, 31], [0, 0, 0, 15, 15]])


def test_shapes():
    op = ops.get("proposal")
    assert op.visible_outputs(op.params()) == 1 and op.visible_outputs(op.params(output_score=True)) == 2
    want = [(2, 24, 5, 6), (2, 48, 5, 6), (2, 3)]
    assert inferred("proposal", {}, (2, 24, 5, 6), None, None) == (want, (600, 5))
    with pytest.raises(ShapeError, match="input 'cls_prob' must have 24 channels, 2 for each of 3 ratios x 4 scales"):
        inferred("proposal", {}, (2, 18, 5, 6), None, None)
