from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import Device
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply, variable
from mxtrain.ops._activations import FUSED, OTHERS, slope_from_output
from mxtrain.passes import Options, for_prediction, for_training
from tests.contract.operators import evaluate

FC = ("fully_connected", {"x": (3, 5), "w": (4, 5), "b": (4,)}, {"num_hidden": 4})
CONV = ("convolution", {"x": (2, 3, 5, 6), "w": (8, 3, 3, 3), "b": (8,)}, {"num_filter": 8, "kernel": (3, 3)})


def net(layer, act):
    name, shapes, params = layer
    y = apply(ops.get(name), "layer", *(variable(n, TensorType(s), "parameter") for n, s in shapes.items()), **params)
    if act == "relu6":
        return apply(ops.get("clip"), "act", y, a_min=0, a_max=6)
    return apply(ops.get("activation"), "act", y, act_type=act)


@pytest.mark.parametrize("act", [*FUSED, *OTHERS])
@pytest.mark.parametrize("layer", [FC, CONV], ids=lambda layer: layer[0])
def test_a_layer_absorbs_the_activation_after_it_in_prediction(layer, act, rng):
    g = for_prediction(Graph((net(layer, act),)), options=Options())
    assert [n.op.name for n in g.nodes if n.op] == [layer[0]]
    values = {n: 3 * rng.standard_normal(s) for n, s in layer[1].items()}
    want, _ = evaluate(Graph((net(layer, act),)), values)
    for device in (Device(), Device(kernels=("reference",))):
        got, _ = evaluate(g, values, device)
        np.testing.assert_allclose(got[0], want[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("act", OTHERS)
def test_what_needs_its_input_for_a_gradient_is_not_absorbed_in_training(act):
    loss = apply(ops.get("make_loss"), "loss", net(FC, act))
    g, _ = for_training(Graph((loss,)), ["w"], vocabulary=ops.vocabulary(), options=Options())
    assert sum(n.op is not None and n.op.name in ("activation", "clip") for n in g.nodes) == 1


def test_a_clip_to_other_bounds_is_not_absorbed():
    name, shapes, params = FC
    y = apply(ops.get(name), "layer", *(variable(n, TensorType(s), "parameter") for n, s in shapes.items()), **params)
    g = for_prediction(Graph((apply(ops.get("clip"), "act", y, a_min=0, a_max=5),)), options=Options())
    assert [n.op.name for n in g.nodes if n.op] == [name, "clip"]


@pytest.mark.parametrize("act", ["relu", "sigmoid", "tanh", "softrelu", "softsign"])
def test_slopes_from_outputs(act, rng):
    x = rng.standard_normal(50)
    y, near = np.empty_like(x), np.empty_like(x)
    ops._activations.FORWARD[act](np, x, y)
    ops._activations.FORWARD[act](np, x + 1e-6, near)
    np.testing.assert_allclose(slope_from_output(np, act, y), (near - y) / 1e-6, atol=1e-4)
