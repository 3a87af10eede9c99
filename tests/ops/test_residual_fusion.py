"""A residual block: convolution, normalisation, sum and activation in one call for prediction, two in training."""

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.executor import bind
from mxtrain.graph import Graph, apply_node, variable
from mxtrain.passes import Options, compile_graph, for_prediction, for_training
from tests.contract.operators import FAST

SHAPE = (2, 8, 6, 6)


def layer(name, op, *inputs, **params):
    """A typed node; inputs that are not given become variables."""
    op = ops.get(op)
    p = op.params(**params)
    entries = list(inputs)
    c = SHAPE[1]
    shapes = {"weight": (c, c, 3, 3), "bias": (c,)}
    for n in op.input_names(p)[len(inputs) :]:
        kind = "auxiliary" if n in op.auxiliary else "parameter"
        entries.append(variable(f"{name}_{n}", TensorType(shapes.get(n, (c,))), kind))
    return apply_node(op, name, entries, p)[0]


def block(add):
    x = variable("data", TensorType(SHAPE))
    h = layer("conv", "convolution", x, num_filter=SHAPE[1], kernel=3, pad=1)
    h = layer("bn", "batch_norm", h, fix_gamma=False)
    total = layer("sum", add, h, x, **({"num_args": 2} if add == "add_n" else {}))
    return Graph((layer("relu", "activation", total, act_type="relu"),))


def run(g, device, fuse, rng):
    compiled = compile_graph(g, device, vocabulary=ops.vocabulary(), options=Options(fuse=fuse))
    arrays = {n.name: rng.standard_normal(n.types[0].shape).astype(np.float32) * 0.3 for n in g.nodes if n.op is None}
    arrays["bn_moving_var"] = np.abs(arrays["bn_moving_var"]) + 0.5
    plan = bind(compiled, device, arrays.__getitem__)
    plan.inputs["data"][...] = arrays["data"]
    plan.run()
    return plan.outputs[0].copy(), [s.op for s in plan.steps]


@pytest.mark.parametrize("add", ["add_n", "elemwise_add"])
def test_prediction_is_one_convolution(add):
    g = block(add)
    fused = for_prediction(g, options=Options())
    plain = for_prediction(g, options=Options(fuse=False))
    want, _ = run(plain, REFERENCE, False, np.random.default_rng(1))
    got, steps = run(fused, FAST, True, np.random.default_rng(1))
    assert steps == ["convolution"]
    np.testing.assert_allclose(got, want, atol=2e-6)
    alike, _ = run(fused, REFERENCE, True, np.random.default_rng(1))
    np.testing.assert_allclose(alike, want, atol=2e-6)


def test_training_sums_and_activates_in_one_pass():
    g, grads = for_training(block("add_n"), ["conv_weight"], vocabulary=ops.vocabulary(), options=Options())
    names = [n.op.name for n in g.nodes if n.op is not None]
    assert "add_act" in names and "activation" not in names and grads == {}


def test_an_entry_added_to_itself_stays_a_sum():
    x = variable("data", TensorType(SHAPE))
    h = layer("conv", "convolution", x, num_filter=SHAPE[1], kernel=3, pad=1)
    g = for_prediction(Graph((layer("sum", "elemwise_add", h, h),)), options=Options())
    assert [n.op.name for n in g.nodes if n.op is not None] == ["convolution", "elemwise_add"]
