import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate

CASES = [
    Case({"data": (4, 5)}, {}),
    Case({"data": (2, 3, 4, 5)}, {"eps": 0.5}),
    Case({"data": (2, 3, 4, 5)}, {"mode": "channel"}),
    Case({"data": (2, 3, 4)}, {"mode": "spatial"}),
    Case({"data": (2, 3, 4, 5)}, {"mode": "spatial", "eps": 0.1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("l2_normalization", case, rng)


@pytest.mark.parametrize(
    ("mode", "want"),
    [
        ("instance", [[[0.18257418, 0.36514837], [0.5477225, 0.73029673]], [[0, 0], [0.6401844, 0.76822126]]]),
        ("channel", [[[0.31622776, 0.4472136], [0.94868326, 0.8944272]], [[0, 0], [1, 1]]]),
        ("spatial", [[[0.4472136, 0.8944272], [0.6, 0.8]], [[0, 0], [0.6401844, 0.76822126]]]),
    ],
)
def test_values_are_mxnets(mode, want):
    op = ops.get("l2_normalization")
    node = apply_node(op, "n", (variable("x", TensorType((2, 2, 2))),), op.params(mode=mode))
    (y,), _ = evaluate(Graph((node[0],)), {"x": np.array([[[1, 2], [3, 4]], [[0, 0], [5, 6.0]]])})
    np.testing.assert_allclose(y, want, rtol=1e-6)


@pytest.mark.parametrize("mode", ["channel", "spatial"])
def test_spatial_axes_are_needed(mode):
    op = ops.get("l2_normalization")
    with pytest.raises(ShapeError, match=rf"\(N, C, S...\) for mode {mode}, got \(2, 3\)"):
        infer(op, op.params(mode=mode), [PartialType((2, 3))], [UNKNOWN] * 2, "n")
