import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate

BOTH = ("float32", "bfloat16")
NEAR = {"sample_type": "nearest", "num_args": 1}
LINEAR = {"sample_type": "bilinear", "num_args": 1, "num_filter": 3}
TWO = {"arg0": (2, 3, 2, 3), "arg1": (2, 4, 4, 6)}
SAME = {"arg0": (2, 3, 2, 3), "arg1": (2, 3, 4, 6), "arg2": (2, 3, 1, 1)}
CASES = [
    Case({"arg0": (2, 3, 3, 4)}, {"scale": 2, **NEAR}, fast=True, dtypes=BOTH),
    Case({"arg0": (2, 16, 3, 4)}, {"scale": 3, **NEAR}, fast=True),
    Case({"arg0": (1, 2, 3, 2)}, {"scale": 1, **NEAR}, fast=True),
    Case(TWO, {"scale": 2, **NEAR, "num_args": 2}, dtypes=BOTH),
    Case(SAME, {"scale": 4, **NEAR, "num_args": 3, "multi_input_mode": "sum"}),
    Case({"data": (2, 3, 4, 5)}, {"scale": 2, **LINEAR}, fast=True, dtypes=BOTH),
    Case({"data": (1, 3, 3, 3)}, {"scale": 3, **LINEAR}, fast=True),
    Case({"data": (1, 3, 3, 3)}, {"scale": 4, **LINEAR, "num_args": 2}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("up_sampling", case, rng)


def value(shapes, given, **params):
    op = ops.get("up_sampling")
    ins = [variable(n, TensorType(s)) for n, s in shapes.items()]
    return evaluate(Graph((apply_node(op, "up", ins, op.params(**params))[0],)), given)[0][0]


def test_nearest_repeats_pixels():
    y = value({"x": (1, 1, 2, 2)}, {"x": np.arange(4.0).reshape(1, 1, 2, 2)}, scale=2, **NEAR)
    np.testing.assert_array_equal(y[0, 0], [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]])


def test_images_stand_one_after_another_or_are_added():
    shapes = {"x": (1, 1, 1, 1), "y": (1, 1, 2, 2)}
    given = {"x": np.array([[[[5.0]]]]), "y": np.arange(4.0).reshape(1, 1, 2, 2)}
    params = {"scale": 2, "sample_type": "nearest", "num_args": 2}
    np.testing.assert_array_equal(value(shapes, given, **params)[0], [[[5, 5], [5, 5]], [[0, 1], [2, 3]]])
    np.testing.assert_array_equal(value(shapes, given, multi_input_mode="sum", **params)[0, 0], [[5, 6], [7, 8]])


def test_bilinear_is_a_deconvolution_with_its_weight():
    shapes, given = {"x": (1, 1, 3, 3), "w": (1, 1, 4, 4)}, {"x": np.ones((1, 1, 3, 3)), "w": np.ones((1, 1, 4, 4))}
    y = value(shapes, given, scale=2, sample_type="bilinear", num_args=2, num_filter=1)
    edge, middle = [1, 2, 2, 2, 2, 1], [2, 4, 4, 4, 4, 2]
    np.testing.assert_array_equal(y[0, 0], [edge, middle, middle, middle, middle, edge])


@pytest.mark.parametrize(("scale", "kernel"), [(1, 1), (2, 4), (3, 5), (4, 8)])
def test_the_weight_of_bilinear_is_mxnets(scale, kernel):
    op = ops.get("up_sampling")
    p = op.params(scale=scale, **LINEAR)
    ins, outs = infer(op, p, [PartialType((1, 3, 5, 6)), UNKNOWN], [UNKNOWN], "up")
    assert ins[1].shape == (3, 1, kernel, kernel)
    assert outs[0].shape == (1, 3, 5 * scale, 6 * scale)


SUM = {**NEAR, "num_args": 2, "multi_input_mode": "sum"}
UNFIT = [
    ({**NEAR, "num_args": 2}, [(1, 2, 2, 3), (1, 3, 3, 6)], r"input 'arg1' must divide the output's \(4, 6\)"),
    (SUM, [(1, 2, 2, 3), (1, 3, 2, 3)], r"'arg1' must be \(1, 2, 2, 3\)"),
    (NEAR, [(1, 2, 2)], r"must have the axes \(N, C, H, W\)"),
    ({**LINEAR, "num_filter": 2}, [(1, 3, 2, 2), None], r"must be the number of channels .*\(3\), got 2"),
    ({**LINEAR, "num_filter": 0}, [None, None], "num_filter must be the number of channels .*got 0"),
]


@pytest.mark.parametrize(("params", "shapes", "text"), UNFIT)
def test_images_that_do_not_fit_are_refused(params, shapes, text):
    op = ops.get("up_sampling")
    with pytest.raises(ShapeError, match=text):
        infer(op, op.params(scale=2, **params), [PartialType(s) for s in shapes], [UNKNOWN], "up")
