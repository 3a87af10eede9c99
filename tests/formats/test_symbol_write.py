from __future__ import annotations

import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.symbol_graph import to_entries
from mxtrain.formats.symbol_json import JsonEntry, load_symbol, symbol_text
from mxtrain.formats.symbol_write import from_entries
from mxtrain.graph import Entry, Node, Op, apply, topological, variable


def infer(params, ins, outs):
    raise NotImplementedError


@pytest.fixture
def lenet(get):
    data = variable("data")
    conv = apply(
        get("convolution"), "conv", data, variable("w", kind="parameter"), num_filter=8, kernel=5, no_bias=True
    )
    statistics = [variable(f"bn_{n}", kind="parameter") for n in ("gamma", "beta", "moving_mean", "moving_var")]
    bn = apply(get("batch_norm"), "bn", conv, *statistics, fix_gamma=False)
    return apply(get("softmax_output"), "softmax", bn, variable("softmax_label"))


def test_nodes_are_written_as_mxnet_does(lenet):
    graph = from_entries([lenet])
    assert [n.name for n in graph.nodes] == [
        "data", "w", "conv", "bn_gamma", "bn_beta", "bn_moving_mean", "bn_moving_var", "bn", "softmax_label", "softmax",
    ]  # fmt: skip
    assert graph.nodes[2].attrs == {"kernel": "(5, 5)", "no_bias": "True", "num_filter": "8"}
    assert graph.nodes[7].inputs[2:] == (JsonEntry(4), JsonEntry(5, 0, 1), JsonEntry(6, 0, 1))
    assert graph.nodes[5].attrs == {"__init__": '["zero", {}]'}
    assert graph.row_ptr == (0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12)
    assert graph.version == 10901


def test_a_graph_is_read_back(lenet, get):
    entries = to_entries(from_entries([lenet]), get=get)
    for old, new in zip(topological([lenet]), topological(entries), strict=True):
        assert (old.name, old.op, old.params) == (new.name, new.op, new.params)


def test_foreign_attributes_are_written_again(get):
    node = Node(get("flatten"), "f", (variable("x"),), get("flatten").params(), attrs={"__a__": "b", "workspace": "1"})
    assert from_entries([node[0]]).nodes[1].attrs == {"__a__": "b", "workspace": "1"}


def test_several_outputs_and_heads(get):
    node = apply(get("slice_channel"), "s", variable("x"), num_outputs=3).node
    graph = from_entries([node[2], node[0]])
    assert graph.heads == (JsonEntry(1, 2), JsonEntry(1, 0))
    assert graph.row_ptr == (0, 1, 4)
    assert [e.index for e in to_entries(graph, get=get)] == [2, 0]


def test_activations_that_mxnet_keeps_elsewhere(get):
    gelu = from_entries([apply(get("activation"), "a", variable("x"), act_type="gelu")])
    assert (gelu.nodes[1].op, gelu.nodes[1].name, gelu.nodes[1].attrs) == ("LeakyReLU", "a", {"act_type": "gelu"})
    silu = from_entries([apply(get("flatten"), "f", apply(get("activation"), "a", variable("x"), act_type="silu"))])
    assert [(n.op, n.name) for n in silu.nodes] == [
        ("null", "x"), ("sigmoid", "a_sigmoid"), ("elemwise_mul", "a"), ("Flatten", "f"),
    ]  # fmt: skip
    assert silu.nodes[2].inputs == (JsonEntry(0), JsonEntry(1))
    assert silu.nodes[3].inputs == (JsonEntry(2),)
    assert silu.row_ptr == (0, 1, 2, 3, 4)


def test_an_operator_that_mxnet_lacks_is_written_as_its_expansion(get):
    def twice(node):
        return [apply(get("flatten"), "outer", apply(get("flatten"), f"{node.name}_inner", node.inputs[0]))]

    op = Op("flatten_twice", infer, expand=twice)
    head = apply(get("activation"), "a", apply(op, "two", variable("x")), act_type="relu")
    assert [n.name for n in from_entries([head]).nodes] == ["x", "two_inner", "two", "a"]


def test_an_operator_without_a_name_is_refused():
    op = Op("quantum", infer)
    with pytest.raises(FormatError, match="quantum 'q': MXNet has no such operator"):
        from_entries([apply(op, "q", variable("x"))])


def test_a_plugin_may_say_its_name():
    op = Op("quantum", infer, mxnet=("Quantum",))
    assert from_entries([apply(op, "q", variable("x"))]).nodes[1].op == "Quantum"


def test_hidden_outputs_and_double_names_are_refused(get, lenet):
    bn = next(n for n in topological([lenet]) if n.name == "bn")
    with pytest.raises(FormatError, match="batch_norm 'bn': output 'bn_mean' is hidden"):
        from_entries([Entry(bn, 1)])
    with pytest.raises(FormatError, match="same name cannot be written: x"):
        from_entries([apply(get("elemwise_add"), "s", variable("x"), variable("x"))])


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["golden-train/mlp-sgd-symbol.json", "format-fixtures/sym.json", "format-fixtures/sym2.json"]
)
def test_files_survive_the_way_through_the_graph_byte_for_byte(data_pack, name, get):
    path = data_pack / "mxnet" / name
    assert symbol_text(from_entries(to_entries(load_symbol(path), get=get))).encode() == path.read_bytes()
