from __future__ import annotations

import dataclasses

from mxtrain.graph import Graph
from mxtrain.passes.simplify import at_eval, common_subexpressions, expand


def names(g):
    return [n.op.name for n in g.nodes if n.op]


def test_what_computes_the_same_is_one_node(op, var):
    x = var("x")
    y = op("elemwise_add", op("tanh", op("sin", x)), op("tanh", op("sin", x)))
    g = common_subexpressions(Graph((y,))).check()
    assert names(g) == ["sin", "tanh", "elemwise_add"]
    assert len(set(g.outputs[0].node.inputs)) == 1


def test_other_params_inputs_or_outputs_are_something_else(op, var):
    x, z = var("x"), var("z")
    heads = (op("plus_scalar", x, scalar=1.0), op("plus_scalar", x, scalar=2.0), op("plus_scalar", z, scalar=1.0))
    assert len(names(common_subexpressions(Graph(heads)))) == 3
    cut = op("slice_channel", x, num_outputs=3).node
    heads = (op("tanh", cut[0]), op("tanh", cut[1]), op("tanh", cut[1]))
    g = common_subexpressions(Graph(heads))
    assert names(g).count("tanh") == 2 and g.outputs[1] == g.outputs[2] != g.outputs[0]


def test_random_operators_are_never_merged(op, var):
    x = var("x")
    noisy = dataclasses.replace(op("tanh", x).node.op, random=True)
    heads = tuple(dataclasses.replace(op("tanh", x).node, op=noisy)[0] for _ in range(2))
    assert len(names(common_subexpressions(Graph(heads)))) == 2


def test_outside_training_statistics_are_read_and_losses_are_outputs(op, var):
    statistics = [var(n, (3,), "auxiliary") for n in ("mean", "var")]
    h = op("batch_norm", var("x", (4, 3)), var("gamma", (3,)), var("beta", (3,)), *statistics)
    g = at_eval(Graph((op("softmax_output", h, var("label", (4,), "input")),))).check()
    assert "label" not in g.variables
    norm = next(n for n in g.nodes if n.op and "batch_norm" in n.name)
    assert norm.params.use_global_stats


def test_an_expansion_stands_for_an_operator_without_kernels(op, var):
    x = var("x")
    y = op("tanh", x)
    double = dataclasses.replace(
        y.node.op, kernels={}, expand=lambda node: [op("elemwise_add", node.inputs[0], node.inputs[0])]
    )
    g = expand(Graph((op("sin", dataclasses.replace(y.node, op=double)[0]),))).check()
    assert names(g) == ["elemwise_add", "sin"]
    kept = dataclasses.replace(double, kernels=y.node.op.kernels)
    assert names(expand(Graph((dataclasses.replace(y.node, op=kept)[0],)))) == ["tanh"]
