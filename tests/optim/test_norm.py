"""Norms and their ratio."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.executor import bind, storage_of
from mxtrain.graph import Graph, unique, variable
from mxtrain.optim.expr import Expr
from mxtrain.optim.norm import norm, trust_ratio
from mxtrain.passes import Options, compile_graph


def evaluate(make, arrays):
    fresh = unique(())
    leaves = [Expr(variable(n, TensorType(a.shape), "state"), fresh) for n, a in arrays.items()]
    graph = Graph((make(*leaves).entry,)).check()
    plan = bind(
        compile_graph(graph, REFERENCE, vocabulary=ops.vocabulary(), options=Options()), REFERENCE, storage_of(arrays)
    )
    plan.run()
    return float(plan.outputs[0])


def test_norm(rng):
    x = np.float32(rng.standard_normal(1001))
    assert evaluate(norm, {"x": x}) == pytest.approx(np.linalg.norm(np.float64(x)), rel=1e-6)


@pytest.mark.parametrize(
    ("over", "under", "guard", "ratio"), [(3, 2, 1, 1.5), (0, 2, 1, 1), (3, 2, 0, 1), (3, 0, 0, 1), (0, 0, 0, 1)]
)
def test_ratio_is_1_where_it_means_nothing(over, under, guard, ratio):
    arrays = {"over": np.float32(over), "under": np.float32(under), "guard": np.float32(guard)}
    assert evaluate(trust_ratio, {n: np.array(a) for n, a in arrays.items()}) == ratio
