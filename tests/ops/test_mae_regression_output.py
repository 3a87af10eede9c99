import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.passes import Options, for_prediction
from tests.contract.operators import Case, check_operator, evaluate, gradients

NAME = "mae_regression_output"
LABEL = {"fixed": ("label",)}
CASES = [
    Case({"data": (4, 3)}, {}, **LABEL),
    Case({"data": (4, 1)}, {"grad_scale": 2.5}, **LABEL),
    Case({"data": (4, 6), "label": (4, 2, 3)}, {"grad_scale": 0.5}, **LABEL),
    Case({"data": (2, 3, 4, 5)}, {}, **LABEL),
    Case({"data": (5,)}, {}, **LABEL),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator(NAME, case, rng)


def test_output_and_gradient_are_mxnets():
    op = ops.get(NAME)
    ins = (variable("data", TensorType((2, 3))), variable("label", TensorType((2, 3))))
    node = apply_node(op, "out", ins, op.params(grad_scale=2))
    given = {"data": np.array([[1, -2, 0.5], [0, 3, 1]]), "label": np.array([[0, 0, 1.0], [0, 1, 1]])}
    (y,), _ = evaluate(Graph((node[0],)), given)
    np.testing.assert_allclose(y, [[1, -2, 0.5], [0, 3, 1]], atol=1e-6)
    g, _, more = gradients(node, ["data"], [])
    (dx,), _ = evaluate(g, given | more)
    np.testing.assert_allclose(dx, [[2 / 3, -2 / 3, -2 / 3], [0, 2 / 3, 0]], atol=1e-6)


@pytest.mark.parametrize(("data", "label"), [((4,), (4,)), ((4, 1), (4,)), ((4, 3), (4, 3)), ((4, 3, 2), (4, 3, 2))])
def test_the_label_follows_from_the_data(data, label):
    op = ops.get(NAME)
    ins, outs = infer(op, op.params(), [PartialType(data), UNKNOWN], [UNKNOWN], "out")
    assert ins[1].shape == label
    assert outs[0].shape == data


@pytest.mark.parametrize("label", [(4,), (3, 6), (4, 7)])
def test_a_label_of_other_size_is_refused(label):
    op = ops.get(NAME)
    with pytest.raises(ShapeError, match=r"out: input 'label' must hold as many values per sample as 'data' \(4, 6\)"):
        infer(op, op.params(), [PartialType((4, 6)), PartialType(label)], [UNKNOWN], "out")


def test_prediction_needs_no_label():
    op = ops.get(NAME)
    ins = (variable("data", TensorType((2, 3))), variable("label", TensorType((2, 3))))
    g = for_prediction(Graph((apply_node(op, "out", ins, op.params())[0],)), options=Options())
    assert set(g.variables) == {"data"}
    assert g.outputs[0].name == "out_output"
