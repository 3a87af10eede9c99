from __future__ import annotations

import dataclasses

import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Entry, apply, apply_node, infer, rebuild, variable
from mxtrain.graph.node import complete_types

DATA = variable("data", TensorType((4, 6)))


def dense(name, *inputs, **params):
    op = ops.get("fully_connected")
    return apply_node(op, name, inputs, op.params(**params), source="net.yaml:3:5")


def test_names_are_mxnets():
    parts = apply(ops.get("slice_channel"), "cut", DATA, num_outputs=3).node
    assert (DATA.name, parts[0].name, parts[2].name) == ("data", "cut_output0", "cut_output2")
    assert apply(ops.get("tanh"), "t", DATA).name == "t_output"


def test_a_node_over_types_is_typed_at_once():
    w, b = variable("w", TensorType((3, 6))), variable("b", TensorType((3,)))
    node = dense("fc", DATA, w, b, num_hidden=3)
    assert node.types == (TensorType((4, 3)),)
    assert node[0].type == Entry(node).type == TensorType((4, 3))
    assert dense("fc", DATA, variable("w"), b, num_hidden=3).types == ()


def test_a_misfit_says_where_what_and_what_came():
    w = variable("w", TensorType((3, 7)))
    text = r"^net.yaml:3:5: fully_connected 'fc': input 'weight' must be \(3, 6\) float32, got \(3, 7\) float32$"
    with pytest.raises(ShapeError, match=text):
        dense("fc", DATA, w, num_hidden=3, no_bias=True)


def test_inference_fills_both_sides():
    op = ops.get("fully_connected")
    p = op.params(num_hidden=3, no_bias=True)
    ins, outs = infer(op, p, [PartialType((4, 6), "float64"), UNKNOWN], [UNKNOWN], "fc")
    assert ins[1] == PartialType((3, 6), "float64") and outs == [PartialType((4, 3), "float64")]


def test_what_cannot_be_inferred_is_named():
    op = dataclasses.replace(ops.get("tanh"), infer=lambda p, ins, outs: (ins, outs))
    with pytest.raises(ShapeError, match=r"^here: the type of output 'output' cannot be inferred from the inputs$"):
        complete_types(op, op.params(), [TensorType((2,))], "here")


def test_rebuilding_types_again_and_keeps_the_rest():
    node = apply(ops.get("tanh"), "t", DATA).node
    kept = dataclasses.replace(node, source="a:1:2", origins=("x",), attrs={"__lr_mult__": "2"})
    wider = rebuild(kept, [variable("other", TensorType((5,), "float64"))])
    assert wider.types == (TensorType((5,), "float64"),)
    assert (wider.name, wider.source, wider.origins, wider.attrs) == ("t", "a:1:2", ("x",), {"__lr_mult__": "2"})
    assert rebuild(node, [variable("untyped")]).types == ()


def test_nodes_are_themselves_alone():
    a, b = apply(ops.get("tanh"), "t", DATA), apply(ops.get("tanh"), "t", DATA)
    assert a != b and a == Entry(a.node) and len({a, b, Entry(a.node, 0)}) == 2


def test_what_is_read():
    node = apply(ops.get("slice_channel"), "cut", DATA, num_outputs=2).node
    assert node.reads(1)
    assert not dataclasses.replace(node, used=(True, False)).reads(1)
    assert (node.output_count, node.input_names, DATA.node.output_count, DATA.node.input_names) == (2, ("data",), 1, ())
