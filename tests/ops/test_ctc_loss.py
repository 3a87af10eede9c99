from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def labels(rng, shape):
    return rng.integers(1, 3, shape)


def few(rng, shape):
    return rng.integers(1, 3, shape)


def many(rng, shape):
    return rng.integers(4, 7, shape)


FIXED = {
    "make": {"label": labels, "data_lengths": many, "label_lengths": few},
    "fixed": ("label", "data_lengths", "label_lengths"),
}

CASES = [
    Case({"data": (6, 3, 5), "label": (3, 2)}, **FIXED),
    Case({"data": (6, 3, 5), "label": (3, 2)}, {"use_data_lengths": True, "use_label_lengths": True}, **FIXED),
    Case({"data": (4, 2, 4), "label": (2, 2)}, {"blank_label": "last", "use_label_lengths": True}, **FIXED),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("ctc_loss", case, rng)


def brute(data, labels, blank):
    """The loss by going through every way."""
    log = data - np.log(np.exp(data).sum(axis=1, keepdims=True))
    total = 0.0
    for way in product(range(data.shape[1]), repeat=len(data)):
        kept = [k for k, _ in groupby(way) if k != blank]
        total += np.exp(sum(log[t, k] for t, k in enumerate(way))) if kept == list(labels) else 0.0
    return -np.log(total)


@pytest.mark.parametrize("labels", [[1, 2], [1, 1], [3, 0], [0, 0]])
def test_the_sum_over_all_ways(labels, rng):
    data = rng.standard_normal((4, 1, 4))
    want = brute(data[:, 0], [k for k in labels if k], 0)
    assert forward("ctc_loss", {}, data=data, label=[labels]) == pytest.approx([want])
    last = [[k - 1 if k else -1 for k in labels]]
    turned = np.roll(data, -1, axis=2)
    assert forward("ctc_loss", {"blank_label": "last"}, data=turned, label=last) == pytest.approx([want])


def test_lengths_say_what_counts(rng):
    data = rng.standard_normal((4, 2, 4))
    params = {"use_data_lengths": True, "use_label_lengths": True}
    given = {"label": [[1, 2, 3], [2, 2, 1]], "data_lengths": [2, 4], "label_lengths": [1, 2]}
    want = [brute(data[:2, 0], [1], 0), brute(data[:, 1], [2, 2], 0)]
    assert forward("ctc_loss", params, data=data, **given) == pytest.approx(want)
    dx = backward("ctc_loss", params, [1, 1], data=data, **given)["data"]
    assert not dx[2:, 0].any() and dx[:2, 0].any()


def test_labels_after_the_end_are_not_read(rng):
    data = rng.standard_normal((5, 1, 4))
    ended, whole = (forward("ctc_loss", {}, data=data, label=[row]) for row in ([1, 0, 2], [1, 0, 0]))
    assert ended.tolist() == whole.tolist()


def test_what_does_not_fit_costs_nothing_as_in_mxnet(rng):
    data = rng.standard_normal((3, 2, 4))
    label = [[1, 1, 1], [1, 2, 0]]
    assert forward("ctc_loss", {}, data=data, label=label)[0] == 0
    assert not backward("ctc_loss", {}, [1, 1], data=data, label=label)["data"][:, 0].any()


def test_scores_far_apart_stay_finite():
    data = np.zeros((3, 1, 3))
    data[:, 0, 2] = 1e4
    assert forward("ctc_loss", {}, data=data, label=[[1]])[0] == pytest.approx(3e4 - np.log(6))
    assert np.isfinite(backward("ctc_loss", {}, [1], data=data, label=[[1]])["data"]).all()


def test_shapes():
    both = {"use_data_lengths": True, "use_label_lengths": True}
    assert inferred("ctc_loss", both, (6, None, 5), (3, 2), None, None) == ([(6, 3, 5), (3, 2), (3,), (3,)], (3,))
    with pytest.raises(ShapeError, match=r"input 'label' must have the axes \(N, L\)"):
        inferred("ctc_loss", {}, (6, 3, 5), (3,))
