from __future__ import annotations

import numpy as np

from mxtrain.graph import Graph
from tests.contract.operators import Case, check_operator, evaluate
from tests.contract.values import inferred, node_of
from tests.ops.test_multi_box_target import boxes

NAMES = ("samples", "matches", "anchors", "refs", "means", "stds")
MAKE = {
    "samples": lambda rng, s: rng.integers(-1, 2, s),
    "matches": lambda rng, s: rng.integers(0, 3, s),
    "anchors": boxes,
    "refs": boxes,
    "stds": lambda rng, s: rng.random(s) + 0.5,
}


def test_contract(rng):
    shapes = {"samples": (2, 6), "matches": (2, 6), "anchors": (2, 6, 4), "refs": (2, 3, 4)}
    check_operator("box_encode", Case(shapes, make=MAKE, fixed=NAMES), rng)


def test_only_samples_that_count_have_targets():
    arrays = {
        "samples": np.array([[1.0, -1]]),
        "matches": np.array([[1.0, 9]]),
        "anchors": np.array([[[0.0, 0, 2, 2], [0, 0, 1, 1]]]),
        "refs": np.array([[[0.0, 0, 1, 1], [1, 1, 3, 5]]]),
        "means": np.array([0, 0.5, 0, 0]),
        "stds": np.array([1, 1, 1, 0.5]),
    }
    node = node_of("box_encode", {}, arrays)
    targets, masks = evaluate(Graph((node[0], node[1])), arrays)[0]
    np.testing.assert_allclose(targets, [[[0.5, 0.5, 0, 2 * np.log(2)], [0] * 4]], atol=1e-12)
    np.testing.assert_array_equal(masks, [[[1] * 4, [0] * 4]])


def test_shapes():
    want = [(2, 6), (2, 6), (2, 6, 4), (2, 3, 4), (4,), (4,)]
    assert inferred("box_encode", {}, (2, 6), None, None, (None, 3, 4), None, None) == (want, (2, 6, 4))
