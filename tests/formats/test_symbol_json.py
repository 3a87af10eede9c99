from __future__ import annotations

import json

import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.symbol_json import (
    JsonEntry,
    JsonGraph,
    JsonNode,
    load_symbol,
    parse_symbol,
    save_symbol,
    symbol_text,
)


def net(**changes):
    nodes = [
        {"op": "null", "name": "data", "inputs": []},
        {"op": "null", "name": "w", "attrs": {"__lr_mult__": "2"}, "inputs": []},
        {"op": "FullyConnected", "name": "fc", "attrs": {"num_hidden": "3"}, "inputs": [[0, 0, 0], [1, 0, 0]]},
    ]
    tree = {"nodes": nodes, "arg_nodes": [0, 1], "node_row_ptr": [0, 1, 2, 3], "heads": [[2, 0, 0]]}
    return {**tree, "attrs": {"mxnet_version": ["int", 10901]}, **changes}


def node(**changes):
    tree = net()
    tree["nodes"][2] = {**tree["nodes"][2], **changes}
    return tree


def test_records(tmp_path):
    graph = parse_symbol(json.dumps(net()))
    assert graph.nodes[2] == JsonNode("FullyConnected", "fc", {"num_hidden": "3"}, (JsonEntry(0), JsonEntry(1)))
    assert (graph.arg_nodes, graph.heads, graph.version) == ((0, 1), (JsonEntry(2),), 10901)
    save_symbol(tmp_path / "a-symbol.json", graph)
    again = load_symbol(tmp_path / "a-symbol.json")
    assert again == graph
    assert again.source.endswith("a-symbol.json")


def test_every_version_reads_alike():
    old = net()
    for n, key in zip(old["nodes"], ("param", "param", "param"), strict=True):
        n |= {"backward_source_id": -1, key: n.pop("attrs", {}), "inputs": [e[:2] for e in n["inputs"]]}
    old["heads"] = [[2, 0]]
    del old["attrs"], old["node_row_ptr"]
    middle = json.loads(json.dumps(net()).replace('"attrs": {"num', '"attr": {"num'))
    graph = parse_symbol(json.dumps(net()))
    assert parse_symbol(json.dumps(middle)) == graph
    read = parse_symbol(json.dumps(old))
    assert read.nodes == graph.nodes
    assert (read.version, read.attrs) == (800, None)


def test_param_and_attr_are_merged():
    tree = node(param={"num_hidden": "3"}, attr={"ctx_group": "a"}, attrs={})
    assert parse_symbol(json.dumps(tree)).nodes[2].attrs == {"num_hidden": "3", "ctx_group": "a"}


def test_subgraphs_and_control_deps_are_kept():
    tree = node(subgraphs=[net(attrs={})], control_deps=[0])
    graph = parse_symbol(json.dumps(tree))
    assert graph.nodes[2].subgraphs[0].nodes[2].name == "fc"
    text = symbol_text(graph)
    assert parse_symbol(text).nodes == graph.nodes
    assert '      "control_deps": [0], \n      "subgraphs": [\n        {\n          "nodes": [' in text


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ([], "expected an object with nodes"),
        (net(extra=1), "unknown key 'extra'"),
        ({"nodes": []}, "lacks arg_nodes, heads"),
        (node(colour="red"), r"nodes\[2\]: unknown key 'colour'"),
        (
            node(attrs={"num_hidden": 3}),
            r"nodes\[2\].attrs.num_hidden: node 'fc': expected a text in quotes, got the number 3",
        ),
        (node(attrs=[]), r"nodes\[2\].attrs: node 'fc': expected texts by key, got a list"),
        (node(name=None), r"nodes\[2\].name: expected a text in quotes, got null"),
        (node(inputs=[[2, 0, 0]]), r"nodes\[2\].inputs: node 'fc': expected a node before 2, got 2"),
        (node(inputs=[[-1, 0, 0]]), r"expected \[node, output\].*got \[-1, 0, 0\]"),
        (node(inputs=[[0]]), r"expected \[node, output\]"),
        (node(inputs=[[0, 0.5]]), r"expected \[node, output\]"),
        (node(inputs=[[True, 0]]), r"expected \[node, output\]"),
        (node(inputs=[0]), r"expected \[node, output\] or .*, got the number 0"),
        (node(control_deps=[2]), "control_deps: node 'fc': expected nodes before 2"),
        (net(heads=[[3, 0, 0]]), "heads: expected a node before 3, got 3"),
        (net(arg_nodes=[2]), "arg_nodes: expected numbers of variables, got 2"),
        (net(arg_nodes=["0"]), "arg_nodes: expected numbers"),
        (net(nodes={}), "nodes: expected a list, got an object"),
        (net(attrs={"a": 1}), "attrs: expected pairs"),
        (net(attrs={"mxnet_version": ["int", -1]}), "mxnet_version: expected 0 or more"),
        (node(name="a\u0000b"), "control character"),
        (node(name="\ud800"), "surrogate"),
    ],
)
def test_damage_is_located(tree, problem):
    with pytest.raises(FormatError, match=f"f.json: .*{problem}"):
        parse_symbol(json.dumps(tree), "f.json")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"nodes": [,]}', "f.json:1:12: is not JSON"),
        ("[" * 100_000, "nested deeper"),
        ('{"nodes": [], "nodes": []}', "key 'nodes' is there twice"),
        ('{"nodes": ' + "9" * 5000 + "}", "is not JSON"),
        ("", "is not JSON"),
        ('{"nodes": "a\nb"}', "is not JSON"),
    ],
)
def test_broken_json_is_located(text, problem):
    with pytest.raises(FormatError, match=problem):
        parse_symbol(text, "f.json")


def test_nesting_of_subgraphs_is_limited():
    tree = net()
    for _ in range(30):
        tree = node(subgraphs=[tree])
    with pytest.raises(FormatError, match="subgraphs at most 25 deep"):
        parse_symbol(json.dumps(tree))


def test_a_file_that_is_no_text():
    with pytest.raises(FormatError, match=r"<buffer>: offset 1: is not UTF-8"):
        load_symbol(b"{\xff}")


def test_a_long_name_and_a_long_key_are_quick():
    tree = node(name="a" * 1_000_000, attrs={"k" * 100_000: "v"})
    assert len(parse_symbol(json.dumps(tree)).nodes[2].name) == 1_000_000


def test_damaged_files_load_or_are_refused(mutate, rng):
    seed = symbol_text(parse_symbol(json.dumps(node(subgraphs=[net()])))).encode()
    for _ in range(3000):
        try:
            graph = load_symbol(mutate(seed, rng))
        except FormatError:
            continue
        assert parse_symbol(symbol_text(graph)) == graph


def test_what_we_build_says_its_version():
    assert symbol_text(JsonGraph((), ())).endswith('"attrs": {"mxnet_version": ["int", 10901]}\n}')


@pytest.mark.data
class TestDataPack:
    def test_files_of_1_0_and_later_are_written_byte_for_byte(self, data_pack):
        folder = data_pack / "mxnet"
        paths = [*folder.glob("golden-train/*-symbol.json"), *folder.glob("format-fixtures/sym*.json")]
        paths.append(folder / "models/matchbox-lenet/lenet-symbol.json")
        assert len(paths) == 7
        for path in paths:
            assert symbol_text(load_symbol(path)).encode() == path.read_bytes(), path.name

    def test_files_of_0_8(self, data_pack):
        graph = load_symbol(data_pack / "mxnet/models/mtcnn/det1-symbol.json")
        assert (graph.version, len(graph.nodes), graph.heads) == (800, 24, (JsonEntry(19), JsonEntry(23)))
        assert parse_symbol(symbol_text(graph)) == graph
