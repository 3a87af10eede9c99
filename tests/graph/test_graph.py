from __future__ import annotations

import dataclasses

import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import TensorType
from mxtrain.graph import Entry, Graph, Update, apply, unique, variable
from mxtrain.graph.graph import topological

T = TensorType((2, 3))
X, Y = variable("x", T), variable("y", T, "parameter")


def op(name, label, *inputs, **params):
    return apply(ops.get(name), label, *inputs, **params)


def test_order_is_depth_first_and_each_node_comes_once():
    a = op("tanh", "a", X)
    b = op("elemwise_add", "b", Y, a)
    c = op("elemwise_add", "c", b, a)
    assert [n.name for n in topological([c, a])] == ["y", "x", "a", "b", "c"]
    assert [n.name for n in Graph((c,)).nodes] == ["y", "x", "a", "b", "c"]


def test_a_deep_graph_needs_no_deep_stack():
    e = X
    for k in range(5000):
        e = op("tanh", f"t{k}", e)
    assert len(Graph((e,)).nodes) == 5001


def test_readers_count_nodes_and_heads():
    a = op("tanh", "a", X)
    b = op("elemwise_mul", "b", a, a)
    g = Graph((b, a), (Update(Y.node, a),), (("b", b),))
    assert (g.readers[a], g.readers[b], g.readers[X]) == (4, 2, 1)
    assert g.heads == (b, a, b, a)
    assert list(g.variables) == ["x", "y"]


def test_a_rewrite_replaces_below_and_above():
    a = op("tanh", "a", X)
    b = op("elemwise_add", "b", a, Y)
    g = Graph((b, a), (Update(Y.node, b),))

    def change(node, inputs):
        return [inputs[0]] if node is a.node else None

    new = g.rewrite(change)
    assert new.outputs[1] == X and new.outputs[0].node.inputs == (X, Y)
    assert new.updates == (Update(Y.node, new.outputs[0]),)
    assert b.node.inputs == (a, Y)


def test_a_rewrite_that_changes_nothing_keeps_every_node():
    b = op("elemwise_add", "b", op("tanh", "a", X), Y)
    assert Graph((b,)).rewrite(lambda node, inputs: None).nodes == Graph((b,)).nodes


def broken_graphs():
    a = op("tanh", "a", X)
    yield "same name", Graph((a, op("sin", "a", X))), "nodes with the same name: a"
    yield "no types", Graph((dataclasses.replace(a.node, types=())[0],)), "has 1 outputs and 0 types"
    wrong = dataclasses.replace(a.node, types=(TensorType((7,)),))
    yield "wrong types", Graph((wrong[0],)), "tanh 'a': inputs and outputs must have one type"
    yield "inputs", Graph((dataclasses.replace(a.node, inputs=(X, Y))[0],)), r"takes \('data',\), got 2 inputs"
    yield "kind", Graph((dataclasses.replace(X.node, kind=None)[0],)), "variable 'x': a variable without a kind"
    yield "input updated", Graph((a,), (Update(X.node, a),)), "variable 'x': only a parameter"
    other = variable("z", TensorType((4,)), "state")
    yield "update of another type", Graph((a,), (Update(other.node, a),)), r"updated with .*, must be \(4,\) float32"


@pytest.mark.parametrize(("g", "text"), [pytest.param(g, t, id=name) for name, g, t in broken_graphs()])
def test_what_is_broken_is_found(g, text):
    with pytest.raises(ShapeError, match=text):
        g.check()


def test_what_is_whole_passes():
    g = Graph((op("tanh", "a", X),), (Update(Y.node, op("sin", "b", Y)),))
    assert g.check() is g


def test_unique_names():
    fresh = unique(["a", "a_1"])
    assert [fresh("a"), fresh("b"), fresh("b"), fresh("a")] == ["a_2", "b", "b_1", "a_3"]


def test_entries_name_their_outputs():
    assert Entry(X.node).name == "x"
