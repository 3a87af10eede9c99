from __future__ import annotations

from dataclasses import replace

from mxtrain.base.device import REFERENCE
from mxtrain.graph import Graph, apply
from mxtrain.passes.settle import settle


def settled(op, answer):
    """The operator with an answer to what stands in its place, and what it was asked."""
    asked = []

    def ask(node, device, dtype):
        asked.append((node, device, dtype))
        return answer(node)

    return replace(op.node.op, settle=ask), asked


def test_an_operator_says_what_stands_in_its_place(op, var):
    x = op("relu", var("x"))
    tanh, asked = settled(op("tanh", var("y")), lambda node: [op("sigmoid", *node.inputs)])
    g = settle(Graph((apply(tanh, "t", x),)), REFERENCE, "bfloat16").check()
    assert [n.op.name for n in g.nodes if n.op] == ["relu", "sigmoid"]
    assert [(n.name, d, t) for n, d, t in asked] == [("t", REFERENCE, "bfloat16")]


def test_without_an_answer_it_stays(op, var):
    tanh, _ = settled(op("tanh", var("y")), lambda node: None)
    g = Graph((apply(tanh, "t", var("x")),))
    assert settle(g, REFERENCE, "float32").nodes == g.nodes


def test_it_sees_what_stands_before_it(op, var):
    tanh, asked = settled(op("tanh", var("y")), lambda node: [op("sigmoid", *node.inputs)])
    x = apply(tanh, "first", var("x"))
    settle(Graph((apply(tanh, "second", x),)), REFERENCE, "float32").check()
    assert asked[1][0].inputs[0].node.op.name == "sigmoid"
