import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate, gradients

LABELS = {"label": lambda rng, shape: rng.integers(0, 5, shape)}
CASES = [
    Case({"data": (4, 5)}, make=LABELS, fixed=("label",)),
    Case({"data": (1, 5)}, make=LABELS, fixed=("label",)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("softmax_cross_entropy", case, rng)


def test_value_and_gradient_are_mxnets():
    op = ops.get("softmax_cross_entropy")
    x, label = variable("data", TensorType((3, 3))), variable("label", TensorType((3,)))
    node = apply_node(op, "ce", (x, label), op.params())
    given = {"data": np.array([[1, 2, 3], [11, 7, 5], [0, 100, 0.0]]), "label": np.array([2, 0, 0.0])}
    (y,), _ = evaluate(Graph((node[0],)), given)
    np.testing.assert_allclose(y, [18.848867], rtol=1e-6)
    g, _, more = gradients(node, ["data"], [np.array([2.0])])
    (dx,), _ = evaluate(g, given | more)
    want = [[0.18006115, 0.48945695, -0.66951811], [-0.04074156, 0.03588507, 0.00485652], [-2, 2, 0]]
    np.testing.assert_allclose(dx, want, atol=1e-6)


def test_the_batch_follows_from_the_label():
    op = ops.get("softmax_cross_entropy")
    ins, outs = infer(op, op.params(), [PartialType((None, 7)), PartialType((4,))], [UNKNOWN], "ce")
    assert ins[0].shape == (4, 7)
    assert outs[0].shape == (1,)
