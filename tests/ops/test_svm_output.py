import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.passes import Options, for_prediction
from tests.contract.operators import Case, check_operator, evaluate, gradients

LABEL = {"make": {"label": lambda rng, shape: rng.integers(0, 3, shape)}, "fixed": ("label",)}
CASES = [
    Case({"data": (4, 3)}, {}, **LABEL),
    Case({"data": (4, 3)}, {"margin": 0.5, "regularization_coefficient": 2.0}, **LABEL),
    Case({"data": (4, 3)}, {"use_linear": True}, kink=(1.0, -1.0), **LABEL),
    Case({"data": (2, 4, 3)}, {"use_linear": True, "margin": 0.0}, kink=(0.0,), **LABEL),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("svm_output", case, rng)


@pytest.mark.parametrize(
    ("linear", "want"),
    [(True, [[-0.5, 0.5, 0.5], [0.5, 0, -0.5]]), (False, [[-0.5, 0.5, 3], [2.5, 0, -0.9]])],
)
def test_the_gradient_is_mxnets(linear, want):
    op = ops.get("svm_output")
    ins = (variable("data", TensorType((2, 3))), variable("label", TensorType((2,))))
    node = apply_node(op, "out", ins, op.params(regularization_coefficient=0.5, use_linear=linear))
    given = {"data": np.array([[0.5, -0.5, 2], [1.5, -2, 0.1]]), "label": np.array([0, 2.0])}
    np.testing.assert_allclose(evaluate(Graph((node[0],)), given)[0][0], given["data"], rtol=1e-6)
    g, _, more = gradients(node, ["data"], [])
    np.testing.assert_allclose(evaluate(g, given | more)[0][0], want, rtol=1e-6)


def test_the_label_has_all_axes_but_the_last():
    op = ops.get("svm_output")
    assert infer(op, op.params(), [PartialType((4, 3, 2)), UNKNOWN], [UNKNOWN], "out")[0][1].shape == (4, 3)
    with pytest.raises(ShapeError, match=r"must have the axes \(N..., K\), got \(4,\)"):
        infer(op, op.params(), [PartialType((4,)), UNKNOWN], [UNKNOWN], "out")


def test_prediction_needs_no_label():
    op = ops.get("svm_output")
    ins = (variable("data", TensorType((2, 3))), variable("label", TensorType((2,))))
    g = for_prediction(Graph((apply_node(op, "out", ins, op.params())[0],)), options=Options())
    assert set(g.variables) == {"data"}
