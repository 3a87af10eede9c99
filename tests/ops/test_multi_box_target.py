from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from mxtrain.graph import Graph
from tests.contract.operators import Case, check_operator, evaluate
from tests.contract.values import inferred, node_of

ANCHORS = np.array([[[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.4, 0.5, 1, 1.0]]])
NAMES = ("anchor", "label", "cls_pred")


def boxes(rng, shape):
    corners = np.sort(rng.random((*shape[:-1], 2, 2)), axis=-2).reshape(*shape[:-1], 4)
    return corners if shape[-1] == 4 else np.concatenate([rng.integers(0, 3, (*shape[:-1], 1)), corners], axis=-1)


MAKE = {"make": {"anchor": boxes, "label": boxes}, "fixed": NAMES}
SHAPES = {"anchor": (1, 12, 4), "label": (2, 3, 5), "cls_pred": (2, 4, 12)}


@pytest.mark.parametrize(
    "case", [Case(SHAPES, {}, **MAKE), Case(SHAPES, {"negative_mining_ratio": 2}, **MAKE)], ids=str
)
def test_contract(case, rng):
    check_operator("multi_box_target", case, rng)


def targets(label, scores=None, **params):
    """(loc_target, loc_mask, cls_target) of one image."""
    arrays = {"anchor": ANCHORS, "label": np.array([label], float)}
    arrays["cls_pred"] = np.zeros((1, 2, 4)) if scores is None else np.array([scores], float)
    node = node_of("multi_box_target", params, arrays)
    return [a[0] for a in evaluate(Graph(tuple(node[i] for i in range(3))), arrays)[0]]


def test_each_box_gets_its_best_anchor_and_others_above_the_threshold():
    # Box 0 is anchor 0 itself; box 1 overlaps anchors 3 (0.83...) and 2 (0.09...).
    label = [[1, 0, 0, 0.5, 0.5], [0, 0.5, 0.5, 1, 1], [-1, -1, -1, -1, -1], [2, 0, 0, 1, 1]]
    places, mask, classes = targets(label)
    assert classes.tolist() == [2, 0, 0, 1]
    assert mask.reshape(4, 4).tolist() == [[1] * 4, [0] * 4, [0] * 4, [1] * 4]
    np.testing.assert_allclose(places[:12], 0, atol=1e-12)
    np.testing.assert_allclose(places[12:], [0.05 / 0.6 / 0.1, 0, np.log(0.5 / 0.6) / 0.2, 0], atol=1e-12)


def test_the_anchor_that_overlaps_most_is_taken_whatever_the_threshold():
    assert targets([[4, 0.9, 0, 1, 0.1]])[2].tolist() == [0, 5, 0, 0]


def test_mining_takes_what_looks_least_like_background():
    scores = [[0, 0, 0, 0], [0, 3, 9, 1]]
    label = [[1, 0, 0, 0.5, 0.5]]
    assert targets(label, scores, negative_mining_ratio=2)[2].tolist() == [2, 0, 0, -1]
    assert targets(label, scores, negative_mining_ratio=1, ignore_label=-2)[2].tolist() == [2, -2, 0, -2]
    assert targets(label, scores, negative_mining_ratio=9)[2].tolist() == [2, 0, 0, 0]


def test_an_image_without_boxes_does_not_count():
    places, mask, classes = targets([[-1, 0, 0, 0, 0]])
    assert classes.tolist() == [-1] * 4 and not places.any() and not mask.any()


def test_shapes():
    assert inferred("multi_box_target", {}, None, (2, 3, 6), (None, 4, 7))[0] == [(1, 7, 4), (2, 3, 6), (2, 4, 7)]
    with pytest.raises(ShapeError, match="'label' must have rows of at least 5"):
        inferred("multi_box_target", {}, (1, 7, 4), (2, 3, 4), (2, 4, 7))
