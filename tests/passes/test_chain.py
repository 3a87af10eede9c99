from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.base.types import CHANNELS_LAST
from mxtrain.executor import bind
from mxtrain.graph import Graph
from mxtrain.passes import Options, compile_graph
from mxtrain.passes.chain import fuse_chains
from tests.contract.operators import evaluate


def chained(g, vocabulary):
    """Operators of each unit after fusion; a chain is the tuple of its program."""
    g = fuse_chains(g, vocabulary=vocabulary).check()
    return [
        tuple(i.op.name for i in n.params.program) if n.op is vocabulary.chain else n.op.name for n in g.nodes if n.op
    ]


def test_a_chain_of_equal_types_with_scalars_is_one_node(op, var, vocabulary):
    x, lr = var("x"), var("lr", (), "state")
    y = op("elemwise_sub", x, op("broadcast_mul", lr, op("clip", op("tanh", x), a_min=-1.0, a_max=1.0)))
    assert chained(Graph((y,)), vocabulary) == [("tanh", "clip", "broadcast_mul", "elemwise_sub")]


def test_groups_that_meet_become_one(op, var, vocabulary):
    x, y = var("x"), var("y")
    joined = op("elemwise_add", op("tanh", op("sin", x)), op("exp", op("cos", y)))
    assert chained(Graph((joined,)), vocabulary) == [("sin", "tanh", "cos", "exp", "elemwise_add")]


def test_groups_with_something_else_between_them_stay_two(op, var, vocabulary):
    a = op("tanh", op("sin", var("x", (3, 3))))
    dense = op("fully_connected", a, var("w", (3, 3)), num_hidden=3, no_bias=True)
    y = op("elemwise_add", op("exp", a), op("cos", dense))
    units = chained(Graph((y,)), vocabulary)
    assert units == [("sin", "tanh", "exp"), "fully_connected", ("cos", "elemwise_add")]


def test_a_chain_of_scalars_is_one_of_its_own(op, var, vocabulary):
    scale = op("tanh", op("sin", var("lr", (), "state")))
    y = op("tanh", op("broadcast_mul", var("x"), scale))
    assert chained(Graph((y,)), vocabulary) == [("sin", "tanh"), ("broadcast_mul", "tanh")]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_group_can_run_at_once_in_any_graph(op, var, vocabulary, rng, share):
    """Where a path led out of a group and back into it, there would be no order in which inputs come first."""
    lengths = []
    for _ in range(60):
        x = var("x", (2, 2), "input")
        pool = [x, *(op("tanh", x) for _ in range(2))]
        for _ in range(30):
            a, b = (pool[-1 - min(int(rng.exponential(4)), len(pool) - 1)] for _ in range(2))
            pool.append(op("elemwise_add", a, b) if rng.random() < share else op("dot", a, b))
        g = fuse_chains(Graph((op("add_n", *pool, num_args=len(pool)),)), vocabulary=vocabulary).check()
        lengths += [len(n.params.program) for n in g.nodes if n.op is vocabulary.chain]
    assert max(lengths) > 3


def test_a_broadcast_that_stretches_stays_alone(op, var, vocabulary):
    y = op("tanh", op("broadcast_add", op("sin", var("x", (2, 3))), var("b", (1, 3))))
    assert chained(Graph((y,)), vocabulary) == ["sin", "broadcast_add", "tanh"]


def test_no_chain_leads_through_something_else(op, var, vocabulary):
    x = var("x", (3, 3))
    a = op("tanh", x)
    dense = op("fully_connected", a, var("w", (3, 3)), num_hidden=3, no_bias=True)
    y = op("elemwise_add", op("sin", a), dense)
    units = chained(Graph((y,)), vocabulary)
    assert ("tanh", "sin") in units and "fully_connected" in units and units[-1] == "elemwise_add"


def test_results_that_others_read_are_outputs(op, var, vocabulary):
    x = var("x", dtype="float64")
    a = op("tanh", x)
    g = Graph((op("elemwise_mul", a, x), a))
    fused = fuse_chains(g, vocabulary=vocabulary).check()
    assert len([n for n in fused.nodes if n.op]) == 1 and fused.outputs[0].node is fused.outputs[1].node
    value = np.linspace(-1, 1, 6).reshape(2, 3)
    for got, want in zip(
        evaluate(g, {"x": value}, fuse=True)[0], (np.tanh(value) * value, np.tanh(value)), strict=True
    ):
        np.testing.assert_array_equal(got, want)


def test_random_narrow_and_hidden_output_operators_stay(op, var, vocabulary):
    x = var("x")
    noisy = dataclasses.replace(op("tanh", x).node.op, random=True)
    a = dataclasses.replace(op("tanh", x).node, op=noisy)[0]
    assert chained(Graph((op("sin", a),)), vocabulary) == ["tanh", "sin"]
    half = var("h", dtype="bfloat16")
    assert chained(Graph((op("sin", op("tanh", half)),)), vocabulary) == ["tanh", "sin"]


@pytest.mark.parametrize("strategy", ["none", "both"])
def test_a_chain_of_channels_last_images_is_channels_last(op, var, vocabulary, rng, strategy):
    x, w = var("x", (2, 3, 5, 6), "input", "float64"), var("w", (4, 3, 2, 2), dtype="float64")
    h = op("convolution", x, w, kernel=2, num_filter=4, no_bias=True)
    y = op("elemwise_mul", op("sin", h), h)
    heads = Graph((op("elemwise_add", y, op("tanh", y)), h))
    compiled = compile_graph(heads, REFERENCE, vocabulary=vocabulary, options=Options(strategy=strategy))
    chain = next(n for n in compiled.graph.nodes if n.op is vocabulary.chain)
    assert {t.layout for t in chain.types} == {CHANNELS_LAST}
    values = {"x": rng.standard_normal((2, 3, 5, 6)), "w": rng.standard_normal((4, 3, 2, 2))}
    plan = bind(compiled, REFERENCE, values.__getitem__)
    plan.inputs["x"][...] = values["x"]
    plan.run()
    got, h = plan.outputs
    np.testing.assert_array_equal(got, np.sin(h) * h + np.tanh(np.sin(h) * h))


def test_a_graph_with_nothing_to_chain_is_unchanged(op, var, vocabulary):
    g = Graph((op("tanh", var("x")),))
    assert fuse_chains(g, vocabulary=vocabulary) is g


def test_where_chains_are_compiled_narrow_types_and_more_operators_join(op, var, vocabulary):
    x, y = var("x", dtype="bfloat16"), var("y", dtype="bfloat16")
    g = Graph((op("tanh", op("elemwise_add", op("activation", x, act_type="gelu"), y)),))
    assert len([n for n in fuse_chains(g, vocabulary=vocabulary).nodes if n.op]) == 3
    (chain,) = [n for n in fuse_chains(g, vocabulary=vocabulary, compiled=True).check().nodes if n.op]
    assert [i.op.name for i in chain.params.program] == ["activation", "elemwise_add", "tanh"]
