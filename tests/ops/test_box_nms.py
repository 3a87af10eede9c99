from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred
from tests.ops.test_multi_box_target import boxes


def rows(rng, shape):
    scores = (rng.permutation(int(np.prod(shape[:-1]))).reshape(*shape[:-1], 1) + 0.5) / 20
    return np.concatenate([rng.integers(0, 2, (*shape[:-1], 1)), scores, boxes(rng, (*shape[:-1], 4))], axis=-1)


MAKE = {"make": {"data": rows}}
CASES = [
    Case({"data": (2, 9, 6)}, {}, **MAKE),
    # Classes must stay whole numbers: there is no direction to go in.
    Case({"data": (9, 6)}, {"id_index": 0, "overlap_thresh": 0.2, "valid_thresh": 0.1}, smooth=False, **MAKE),
    Case({"data": (2, 2, 9, 6)}, {"topk": 4}, **MAKE),
    Case({"data": (2, 9, 6)}, {"topk": 0}, **MAKE),
    Case({"data": (2, 9, 6)}, {"in_format": "center"}, smooth=False, **MAKE),
]
ROWS = np.array([[0, 0.5, 0, 0, 2, 2], [1, 0.9, 0, 0, 2, 2.2], [0, 0.7, 0.1, 0, 2, 2], [0, 0.8, 5, 5, 6, 6]])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("box_nms", case, rng)


def kept(**params):
    y = forward("box_nms", params, data=ROWS)
    count = int((y[:, 1] != -1).sum())
    assert (y[count:] == -1).all()
    return y[:count, 1].tolist()


def test_what_stays():
    assert kept() == [0.9, 0.8]
    assert kept(id_index=0) == [0.9, 0.8, 0.7]
    assert kept(id_index=0, force_suppress=True) == [0.9, 0.8]
    assert kept(id_index=0, background_id=1) == [0.8, 0.7]
    assert kept(overlap_thresh=0.95) == [0.9, 0.8, 0.7, 0.5]
    assert kept(valid_thresh=0.8) == [0.9]
    assert kept(valid_thresh=0.9) == []
    assert kept(topk=1) == [0.9]
    np.testing.assert_array_equal(forward("box_nms", {"topk": 0}, data=ROWS), ROWS)


def test_many_boxes_need_little_memory(rng):
    # All overlaps at once would be 3,000 x 3,000 numbers: 72 MB.
    data = rows(rng, (3000, 6))
    tracemalloc.start()
    y = forward("box_nms", {"overlap_thresh": 0.9}, data=data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 100 < (y[:, 1] > 0).sum() < 3000 and peak < 8e6


def test_formats():
    np.testing.assert_allclose(forward("box_nms", {"out_format": "center"}, data=ROWS)[0, 2:], [1, 1.1, 2, 2.2])
    middle = np.array([[0, 0.9, 1, 1.1, 2, 2.2]])
    how = {"in_format": "center", "out_format": "corner"}
    np.testing.assert_allclose(forward("box_nms", how, data=middle)[0, 2:], [0, 0, 2, 2.2], atol=1e-12)


def test_the_gradient_goes_to_what_stays():
    dx = backward("box_nms", {}, np.arange(24.0).reshape(4, 6), data=ROWS)["data"]
    np.testing.assert_array_equal(dx, [[0] * 6, [0, 1, 2, 3, 4, 5], [0] * 6, [6, 7, 8, 9, 10, 11]])


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"coord_start": 3}, "rows of 'data' must hold four coordinates from 3"),
        ({"score_index": 6}, "score_index 6"),
        ({"score_index": 2}, "score_index 2 must be apart from the coordinates"),
        ({"id_index": 1}, "must be apart"),
    ],
)
def test_rows_that_cannot_be(params, text):
    with pytest.raises(ShapeError, match=text):
        inferred("box_nms", params, (2, 9, 6))
