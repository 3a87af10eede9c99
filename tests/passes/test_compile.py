from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.executor import bind
from mxtrain.graph import Graph
from mxtrain.passes import Options, compile_graph, for_prediction, for_training


@pytest.fixture
def net(op, var):
    h = op("fully_connected", var("x", (4, 3), "input"), var("w", (5, 3)), var("b", (5,)), num_hidden=5, name="fc")
    return op("softmax_output", op("relu", h, name="act"), var("label", (4,), "input"), name="head")


def test_training_has_losses_and_gradients_prediction_has_neither_nor_the_label(net, vocabulary):
    training, grads = for_training(Graph((net,)), ["w", "b"], vocabulary=vocabulary, options=Options())
    assert set(grads) == {"w", "b"} and training.outputs[1:] == tuple(grads.values())
    assert [name for name, _ in training.losses] == ["head"]
    prediction = for_prediction(Graph((net,)), options=Options())
    assert set(prediction.variables) == {"x", "w", "b"} and prediction.losses == ()


def test_an_inner_layer_needs_only_what_leads_to_it(net, vocabulary):
    inner = next(n for n in Graph((net,)).nodes if n.name == "act")[0]
    g = for_prediction(Graph((inner,)), options=Options())
    compiled = compile_graph(g, REFERENCE, vocabulary=vocabulary, options=Options())
    assert "label" not in compiled.graph.variables
    assert set(compiled.recipes) == {n for n in compiled.graph.nodes if n.op}


def test_options_are_heeded(op, var, vocabulary, rng):
    x = var("x", (4, 3), "input", "float64")
    g = Graph((op("elemwise_mul", op("sin", op("tanh", x)), op("sin", op("tanh", x))),))
    counts = []
    for options in (Options(fuse=False, cse=False), Options(fuse=False), Options()):
        compiled = compile_graph(g, REFERENCE, vocabulary=vocabulary, options=options)
        counts.append(len(compiled.recipes))
        plan = bind(compiled, REFERENCE, {}.__getitem__)
        plan.inputs["x"][...] = rng.standard_normal((4, 3))
        plan.run()
        np.testing.assert_array_equal(plan.outputs[0], np.sin(np.tanh(plan.inputs["x"])) ** 2)
    assert counts == [5, 3, 1]
