import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (4, 10)}, {}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 16)}, {"eps": 0.1}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {}, fast=True),
    Case({"data": (2, 3, 4, 5)}, {"axis": 1}),
    Case({"data": (6, 4)}, {"axis": 0}),
    Case({"data": (9,)}, {}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("layer_norm", case, rng)


def test_values_are_mxnets():
    op = ops.get("layer_norm")
    shapes = {"data": (2, 3), "gamma": (3,), "beta": (3,)}
    node = apply_node(op, "n", [variable(n, TensorType(s)) for n, s in shapes.items()], op.params(eps=0.1))
    given = {
        "data": np.array([[-1, 0, 2], [-3, 1, 0.5]]),
        "gamma": np.array([1, 2, 3.0]),
        "beta": np.array([0, 1, 0.0]),
    }
    (y,), _ = evaluate(Graph((node[0],)), given)
    np.testing.assert_allclose(y, [[-1.0362555, 0.48187226, 3.885958], [-1.3832083, 2.6598501, 1.65985]], rtol=1e-6)


def test_the_width_follows_from_gamma():
    op = ops.get("layer_norm")
    ins, _ = infer(op, op.params(), [PartialType((2, None)), PartialType((7,)), UNKNOWN], [UNKNOWN] * 3, "n")
    assert ins[0].shape == (2, 7)
    assert ins[2].shape == (7,)
