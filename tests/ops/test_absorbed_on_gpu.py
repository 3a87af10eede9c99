"""Bias, activation and addend that a product or convolution has absorbed: in the library's call where it can do them,
else by a kernel after it."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply, variable
from mxtrain.passes import Options, for_prediction, for_training
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler
from tests.contract.on_device import close, planned, results, rounded
from tests.contract.operators import evaluate

pytestmark = needs_compiler


def layer(name, act, shapes, addend=None, **params):
    y = apply(ops.get(name), "layer", *(variable(n, TensorType(s), "parameter") for n, s in shapes.items()), **params)
    if addend is not None:
        y = apply(ops.get("elemwise_add"), "sum", y, variable("addend", TensorType(addend), "parameter"))
    if act == "relu6":
        return apply(ops.get("clip"), "act", y, a_min=0, a_max=6)
    return apply(ops.get("activation"), "act", y, act_type=act) if act else y


def both(g, shapes, rng, dtype):
    """Results on the fake device, on the reference, and the kernels."""
    device = fake_device()
    values = {n: rounded(rng.standard_normal(s), dtype) for n, s in shapes.items()}
    plan = planned(g, device, values, dtype)
    plan.run()
    want, _ = evaluate(g, values)
    close(results(plan, device), want, dtype, 2.0)
    return [s.kernel for s in plan.steps]


FC = {"data": (6, 8), "weight": (5, 8), "bias": (5,)}
CONV = {"data": (2, 8, 5, 6), "weight": (16, 8, 3, 3), "bias": (16,)}
OUT = (2, 16, 5, 6)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("refused", [0, 4, 6])
@pytest.mark.parametrize("act", ["relu", "tanh", "sigmoid", "gelu", "silu", "hard_sigmoid", "hard_swish", "relu6"])
def test_fully_connected(act, refused, dtype, rng):
    with fake_cublaslt() as fake:
        fake.fail("epilogue", refused)
        y = layer("fully_connected", act, FC, num_hidden=5)
        kernels = both(for_prediction(Graph((y,)), options=Options()), FC, rng, dtype)
        (ours,) = [k for k in kernels if k.startswith("cuda:cublaslt")]
        assert ours.endswith("+bias") == (refused != (6 if act == "relu" else 4))


@pytest.mark.parametrize("refused", [0, 512])
def test_gradients_of_a_fully_connected_layer(refused, rng):
    with fake_cublaslt() as fake:
        fake.fail("epilogue", refused)
        y = layer("fully_connected", "relu", FC, num_hidden=5)
        loss = apply(ops.get("make_loss"), "loss", y)
        g, _ = for_training(Graph((loss,)), ["weight", "bias"], vocabulary=ops.vocabulary(), options=Options())
        kernels = both(g, FC, rng, "float32")
        assert any(k.endswith("+sums") for k in kernels) == (not refused)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("addend", [None, OUT])
@pytest.mark.parametrize("act", ["relu", "tanh", "relu6", None])
def test_convolution(act, addend, dtype, rng):
    with fake_cudnn():
        y = layer("convolution", act, CONV, addend, num_filter=16, kernel=(3, 3), pad=(1, 1))
        shapes = CONV if addend is None else {**CONV, "addend": OUT}
        kernels = both(for_prediction(Graph((y,)), options=Options()), shapes, rng, dtype)
        assert sum(k.startswith("cuda:cudnn") for k in kernels) == 1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_bias_and_relu_in_the_librarys_call_when_it_is_faster(dtype, rng, monkeypatch):
    monkeypatch.setattr("mxtrain.backends.cuda.tuning.Tuning.choose", lambda self, key, names, measure: names[-1])
    with fake_cudnn() as fake:
        y = layer("convolution", "relu", CONV, OUT, num_filter=16, kernel=(3, 3), pad=(1, 1))
        kernels = both(for_prediction(Graph((y,)), options=Options()), {**CONV, "addend": OUT}, rng, dtype)
        assert any(k.endswith("+bias") for k in kernels)
        assert fake.log[-1] == "bias, activation 1, addend 1"


@pytest.mark.parametrize("no_bias", [False, True])
@pytest.mark.parametrize("act", ["relu", "tanh", None])
def test_a_convolution_of_few_channels_as_a_product(act, no_bias, rng, monkeypatch):
    monkeypatch.setattr("mxtrain.ops.convolution.cuda.fastest", lambda device, node, made: made["columns"])
    shapes = {"data": (2, 3, 5, 6), "weight": (16, 3, 3, 3), "bias": (16,)}
    if no_bias:
        del shapes["bias"]
    with fake_cudnn(), fake_cublaslt():
        y = layer("convolution", act, shapes, num_filter=16, kernel=(3, 3), pad=(1, 1), no_bias=no_bias)
        kernels = both(for_prediction(Graph((y,)), options=Options()), shapes, rng, "bfloat16")
        assert sum(k.startswith("cuda:columns") for k in kernels) == 1


def test_statuses_of_libraries_and_driver_are_told_apart(rng):
    device = fake_device()
    values = {n: rng.standard_normal(s) for n, s in FC.items()}
    with fake_cublaslt() as fake:
        plan = planned(
            Graph((layer("fully_connected", "tanh", FC, num_hidden=5),)), device, values, "float32", fuse=True
        )
        fake.fail("cublasLtMatmul", 13)
        with pytest.raises(Exception, match=r"fully_connected 'layer' .*failed: cublasLtMatmul: fake status \(13\)"):
            plan.run()
    with fake_cudnn() as fake:
        values = {n: rng.standard_normal(s) for n, s in CONV.items()}
        y = layer("convolution", None, CONV, num_filter=16, kernel=(3, 3), pad=(1, 1))
        plan = planned(Graph((y,)), device, values, "float32")
        fake.fail("cudnnConvolutionForward", 5000)
        with pytest.raises(
            Exception, match=r"convolution 'layer' .*cudnnConvolutionForward: CUDNN_STATUS_FAKE \(5000\): asked"
        ):
            plan.run()
        device.runtime.fail["epilogue"] = 700
        fake.reset()
        with pytest.raises(Exception, match=r"convolution 'layer' .*CUDA_ERROR_FAKE \(700\)"):
            plan.run()
    assert np.isfinite(values["data"]).all()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("readers", [2, 3, 4])
@pytest.mark.parametrize("kernel", [1, 3])
def test_gradients_of_what_several_convolutions_read_are_summed_in_their_calls(kernel, readers, dtype, rng):
    shapes = {"x": (2, 8, 5, 6), **{f"w{k}": (8, 8, kernel, kernel) for k in range(readers)}}
    x, *weights = (variable(n, TensorType(s), "parameter") for n, s in shapes.items())
    params = {"num_filter": 8, "kernel": (kernel, kernel), "pad": (kernel // 2,) * 2, "no_bias": True}
    ys = [apply(ops.get("convolution"), f"conv{k}", x, w, **params) for k, w in enumerate(weights)]
    whole = apply(ops.get("add_n"), "all", *ys, num_args=readers)
    loss = apply(ops.get("make_loss"), "loss", apply(ops.get("square"), "square", whole))
    plain, _ = for_training(Graph((loss,)), ["x"], vocabulary=ops.vocabulary(), options=Options())
    g, grads = for_training(Graph((loss,)), ["x"], vocabulary=ops.vocabulary(), options=Options(), compiled=True)
    assert sum(n.op is not None and n.op.name == "add_n" for n in g.nodes) == 1
    assert sum(getattr(n.params, "add", False) for n in g.nodes if "backward_data" in n.name or "sum" in n.name) >= 1
    values = {n: rounded(rng.standard_normal(s), dtype) for n, s in shapes.items()}
    want, _ = evaluate(plain, values)
    with fake_cudnn(), fake_cublaslt():
        device = fake_device()
        plan = planned(g, device, values, dtype)
        plan.run()
        close(results(plan, device), want, dtype, 4.0)
    assert list(grads) == ["x"]
