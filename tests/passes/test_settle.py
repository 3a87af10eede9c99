from __future__ import annotations

from dataclasses import replace

from mxtrain.base.device import REFERENCE
from mxtrain.graph import Graph, Setting, apply
from mxtrain.passes.settle import settle

SETTING = Setting(REFERENCE, "bfloat16", lean=True)


def settled(op, answer):
    """The operator with an answer to what stands in its place, and what it was asked."""
    asked = []

    def ask(node, setting):
        asked.append((node, setting))
        return answer(node)

    return replace(op.node.op, settle=ask), asked


def test_an_operator_says_what_stands_in_its_place(op, var):
    x = op("relu", var("x"))
    tanh, asked = settled(op("tanh", var("y")), lambda node: [op("sigmoid", *node.inputs)])
    g = settle(Graph((apply(tanh, "t", x),)), SETTING).check()
    assert [n.op.name for n in g.nodes if n.op] == ["relu", "sigmoid"]
    assert [(n.name, s) for n, s in asked] == [("t", SETTING)]


def test_without_an_answer_it_stays(op, var):
    tanh, _ = settled(op("tanh", var("y")), lambda node: None)
    g = Graph((apply(tanh, "t", var("x")),))
    assert settle(g, SETTING).nodes == g.nodes


def test_it_sees_what_stands_before_it(op, var):
    tanh, asked = settled(op("tanh", var("y")), lambda node: [op("sigmoid", *node.inputs)])
    x = apply(tanh, "first", var("x"))
    settle(Graph((apply(tanh, "second", x),)), SETTING).check()
    assert asked[1][0].inputs[0].node.op.name == "sigmoid"
