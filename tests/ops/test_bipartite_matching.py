from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from mxtrain.graph import Graph
from tests.contract.operators import Case, check_operator, evaluate
from tests.contract.values import inferred, node_of

SCORES = np.array([[0.5, 0.6], [0.1, 0.2], [0.3, 0.4]])


@pytest.mark.parametrize("params", [{"threshold": 0.1}, {"threshold": 0.5, "is_ascend": True}], ids=str)
def test_contract(params, rng):
    scores = {"data": lambda rng, s: (rng.permutation(int(np.prod(s))).reshape(s) + 0.5) / 50}
    check_operator("bipartite_matching", Case({"data": (2, 5, 4)}, params, make=scores, fixed=("data",)), rng)


def pairs(**params):
    node = node_of("bipartite_matching", params, {"data": SCORES})
    return [a.tolist() for a in evaluate(Graph((node[0], node[1])), {"data": SCORES})[0]]


def test_the_best_pairs_come_first():
    assert pairs(threshold=1e-12) == [[1, -1, 0], [2, 0]]
    assert pairs(threshold=0.35) == [[1, -1, -1], [-1, 0]]
    assert pairs(threshold=100, is_ascend=True) == [[-1, 0, 1], [1, 2]]


def test_topk_is_one_less_than_the_number_of_pairs():
    assert pairs(threshold=0, topk=1) == [[1, -1, 0], [2, 0]]
    assert pairs(threshold=0, topk=0) == [[1, -1, 0], [2, 0]]


def test_shapes():
    assert inferred("bipartite_matching", {"threshold": 0}, (2, 5, 4))[1] == (2, 5)
    with pytest.raises(ShapeError, match="must have the axes"):
        inferred("bipartite_matching", {"threshold": 0}, (4,))
