from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.ops._softmax import BACKWARD, Softmax, kernels
from tests.backends.cuda.fake import fake_device
from tests.contract.kernels import close, reference, run_kernel, typed
from tests.contract.operators import Case, check_operator, evaluate, rounded
from tests.contract.values import forward, inferred

LENGTHS = {"make": {"length": lambda rng, shape: rng.integers(0, 5, shape)}, "fixed": ("length",)}
CASES = [
    Case({"data": (4, 10)}, {}, fast=True),
    Case({"data": (2, 3, 5)}, {"axis": 2}, fast=True),
    Case({"data": (3, 4, 5)}, {"axis": 0}),
    Case({"data": (2, 3, 4, 5)}, {"axis": 1}),
    Case({"data": (4, 6)}, {"temperature": 2.5}),
    Case({"data": (4, 6)}, {"temperature": 1.0}, fast=True),
    Case({"data": (7,)}, {}, fast=True),
    Case({"data": (3, 4), "length": (3,)}, {"use_length": True}, **LENGTHS),
    Case({"data": (2, 4, 3), "length": (2, 3)}, {"use_length": True, "axis": 1, "temperature": 2.0}, **LENGTHS),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("softmax", case, rng)


def value(x, **params):
    op = ops.get("softmax")
    node = apply_node(op, "s", (variable("x", TensorType(np.shape(x))),), op.params(**params))
    return evaluate(Graph((node[0],)), {"x": np.asarray(x, np.float64)})[0][0]


def test_a_temperature_flattens():
    want = [[0.14024438, 0.2312239, 0.6285317], [0.07070306, 0.5224289, 0.406868]]
    np.testing.assert_allclose(value([[-1, 0, 2], [-3, 1, 0.5]], temperature=2.0), want, rtol=1e-6)


def test_large_inputs_do_not_overflow():
    np.testing.assert_array_equal(value([[1e30, 0.0], [-1e30, -1e30]]), [[1, 0], [0.5, 0.5]])


def test_an_axis_that_is_not_there_is_refused():
    op = ops.get("softmax")
    with pytest.raises(ShapeError, match="axis 2 is out of range for 2 axes"):
        infer(op, op.params(axis=2), [PartialType((2, 3))], [PartialType()], "s")


@pytest.mark.parametrize("temperature", [0, -1])
def test_a_temperature_is_positive(temperature):
    with pytest.raises(ValidationError, match="greater than 0"):
        ops.get("softmax").params(temperature=temperature)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("shape", [(11, 10), (3, 4, 197), (2, 1500)], ids=str)
def test_a_gpus_kernels_over_rows(rng, shape, log, dtype):
    t, params = TensorType(shape, dtype), Softmax((len(shape) - 1,), 0.5, log)
    op = replace(BACKWARD, kernels=kernels(lambda p, rank: p))
    x, dy = (rounded(rng.standard_normal(shape) * 5, dtype) for _ in range(2))
    want, _ = reference(typed(op, params, [t], [t]), [x])
    got, _, name = run_kernel(typed(op, params, [t], [t]), "cuda", fake_device(), [x])
    assert name == "cuda:softmax"
    close(got[0], want[0], dtype, "forward")
    back = typed(BACKWARD, params, [t, t], [t])
    want, _ = reference(back, [dy, got[0]])
    got, _, name = run_kernel(back, "cuda", fake_device(), [dy, got[0]])
    assert name == "cuda:softmax"
    close(got[0], want[0], dtype, "backward")


def test_lengths_are_mxnets():
    found = forward("softmax", {"use_length": True}, data=[[1, 2, 3], [1, 2, 3], [1, 2, 3]], length=[2, 0, 9])
    want = [[0.26894143, 0.7310586, 0], [0, 0, 0], [0.09003057, 0.24472848, 0.66524094]]
    np.testing.assert_allclose(found, want, atol=1e-7)


def test_lengths_have_all_axes_but_one():
    params = {"use_length": True, "axis": 1}
    assert inferred("softmax", params, (2, 3, 4), None) == ([(2, 3, 4), (2, 4)], (2, 3, 4))
    with pytest.raises(ShapeError):
        inferred("softmax", params, (2, 3, 4), (2, 3))
