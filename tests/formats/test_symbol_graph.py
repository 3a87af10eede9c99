from __future__ import annotations

import json

import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.symbol_graph import to_entries
from mxtrain.formats.symbol_json import load_symbol, parse_symbol
from mxtrain.formats.symbol_write import from_entries
from mxtrain.graph import topological


def symbol(*nodes, heads=None, version=10901):
    """A file: variables are names, operators (op, name, attrs, inputs by number)."""
    made = []
    for n in nodes:
        op, name, attrs, inputs = ("null", n, {}, []) if isinstance(n, str) else n
        made.append({"op": op, "name": name, "attrs": attrs, "inputs": [[i, 0, 0] for i in inputs]})
    tree = {"nodes": made, "arg_nodes": [], "heads": heads or [[len(made) - 1, 0, 0]]}
    if version:
        tree["attrs"] = {"mxnet_version": ["int", version]}
    return parse_symbol(json.dumps(tree), "f.json")


def variables(entries):
    return {n.name: n for n in topological(entries) if n.op is None}


def kinds(entries):
    return {name: n.kind for name, n in variables(entries).items()}


FC = ("FullyConnected", "fc", {"num_hidden": "3"}, [0, 1, 2])
BN = ("BatchNorm", "bn", {"fix_gamma": "False"}, [0, 1, 2])


def test_kinds_follow_from_the_place(get):
    graph = symbol("fc_weight", "x", "y", FC, "t", ("SoftmaxOutput", "out", {}, [3, 4]))
    found = kinds(to_entries(graph, get=get))
    assert found == {"fc_weight": "input", "x": "parameter", "y": "parameter", "t": "input"}


@pytest.mark.parametrize("first", [True, False])
def test_what_a_layer_takes_is_data_wherever_else_it_leads(get, first):
    fc, total = ("FullyConnected", "fc", {"num_hidden": "3"}, [0, 1, 2]), ("elemwise_add", "sum", {}, [3, 0])
    nodes = ["a", "w", "b", fc, total] if first else ["a", "w", "b", "c", ("elemwise_add", "s", {}, [3, 0]), fc]
    heads = [[len(nodes) - 1, 0, 0]] if first else [[4, 0, 0], [5, 0, 0]]
    found = kinds(to_entries(symbol(*nodes, heads=heads), get=get))
    assert found["a"] == "input" and found["w"] == found["b"] == "parameter"


def test_auxiliary_wins_over_every_other_use(get):
    bn = ("BatchNorm", "bn", {}, [0, 1, 2, 3, 4])
    graph = symbol("a", "b", "c", "m", "v", bn, ("elemwise_add", "sum", {}, [5, 3]))
    found = kinds(to_entries(graph, get=get))
    assert found == {"a": "input", "b": "parameter", "c": "parameter", "m": "auxiliary", "v": "auxiliary"}


def test_inputs_of_many_alike_are_data(get):
    found = kinds(to_entries(symbol("a", "b", ("Concat", "c", {"num_args": "2"}, [0, 1])), get=get))
    assert found == {"a": "input", "b": "input"}


def test_what_has_multipliers_of_its_own_is_learnt_wherever_it_leads(get):
    graph = symbol("a", "b", ("Concat", "c", {"num_args": "2"}, [0, 1]))
    graph.nodes[0].attrs.update({"__lr_mult__": "1.0", "__wd_mult__": "1.0"})
    graph.nodes[1].attrs.update({"__lr_mult__": "1.0"})
    assert kinds(to_entries(graph, get=get)) == {"a": "parameter", "b": "input"}


def test_regions_and_sizes_of_images_are_data():
    roi = ("ROIPooling", "p", {"pooled_size": "(2, 2)", "spatial_scale": "1"}, [0, 1])
    assert kinds(to_entries(symbol("a", "b", roi))) == {"a": "input", "b": "input"}
    found = kinds(to_entries(symbol("a", "b", "c", ("_contrib_Proposal", "p", {}, [0, 1, 2]))))
    assert found["c"] == "input"


def test_whoever_knows_the_kinds_says_so(get):
    graph = symbol("a", "b", ("elemwise_add", "c", {}, [0, 1]))
    assert kinds(to_entries(graph, get=get, kinds={"a": "parameter", "b": "input"})) == {"a": "parameter", "b": "input"}


def test_old_files_get_their_auxiliary_states(get):
    (head,) = to_entries(symbol("data", "g", "b", BN, version=None), get=get)
    mean, var = head.node.inputs[3].node, head.node.inputs[4].node
    assert (mean.name, mean.kind) == ("bn_moving_mean", "auxiliary")
    assert mean.attrs == {"fix_gamma": "False", "__init__": '["zero", {}]'}
    assert (var.name, var.attrs["__init__"]) == ("bn_moving_var", '["one", {}]')
    with pytest.raises(FormatError, match=r"BatchNorm 'bn': expected 5 inputs \(.*moving_var\), got 3"):
        to_entries(symbol("data", "g", "b", BN, version=900), get=get)


def test_argmax_of_old_files(get):
    node = ("argmax", "a", {"axis": "-1"}, [0])
    assert to_entries(symbol("data", node, version=904), get=get)[0].node.params.axis is None
    assert to_entries(symbol("data", node, version=905), get=get)[0].node.params.axis == -1


def test_hidden_keys_move(get):
    attrs = {"num_hidden": "3", "lr_mult": "1", "weight_lr_mult": "2", "ctx_group": "g", "other_wd_mult": "5"}
    graph = symbol("data", "w", "b", ("FullyConnected", "fc", attrs, [0, 1, 2]))
    entries = to_entries(graph, get=get)
    assert entries[0].node.attrs == {"__lr_mult__": "1", "__ctx_group__": "g", "other_wd_mult": "5"}
    assert variables(entries)["w"].attrs == {"__lr_mult__": "2"}


def test_all_problems_come_at_once(get):
    graph = symbol(
        "data",
        ("Custom", "c", {}, [0]),
        ("FullyConnected", "fc", {"num_hiden": "3"}, [1, 0, 0]),
        ("Activation", "a", {"act_type": "relu"}, [0, 0]),
        "data",
        heads=[[0, 1, 0]],
    )
    with pytest.raises(FormatError) as e:
        to_entries(graph, get=get)
    assert str(e.value).splitlines() == [
        "f.json: node 'c': operator 'Custom' is not one that mxtrain has; its code is Python of whoever trained the "
        "net, which no file holds; write it as an operator",
        "f.json: FullyConnected 'fc': attribute 'num_hiden' is not one of this operator; did you mean 'num_hidden'?",
        "f.json: FullyConnected 'fc': attribute 'num_hidden': Field required",
        "f.json: 2 variables are called 'data'; expected one",
        "f.json: Activation 'a': expected 1 inputs (data), got 2",
        "f.json: head 0: expected an output of 'data' before 1, got 1",
    ]


def test_hidden_outputs_cannot_be_read(get):
    bn = ("BatchNorm", "bn", {}, [0, 1, 2, 3, 4])
    with pytest.raises(FormatError, match="head 0: expected an output of 'bn' before 1, got 1"):
        to_entries(symbol("data", "g", "b", "m", "v", bn, heads=[[5, 1, 0]]), get=get)


def test_operators_of_one_name_are_told_apart(get):
    graph = symbol("a", ("Flatten", "a", {}, [0]), ("Flatten", "a", {}, [1]))
    assert [n.name for n in topological(to_entries(graph, get=get))] == ["a", "a_1", "a_2"]


def test_many_problems_are_cut(get):
    graph = symbol("data", *[(f"Odd{i}", f"c{i}", {}, [0]) for i in range(50)])
    with pytest.raises(FormatError) as e:
        to_entries(graph, get=get)
    assert len(str(e.value).splitlines()) == 21
    assert str(e.value).endswith("and 30 more")


def test_damaged_attributes_load_or_are_refused(get, mutate, rng):
    conv = ("Convolution", "c", {"kernel": "(3, 3)", "num_filter": "8", "stride": "(1, 1)", "no_bias": "True"}, [0, 1])
    seed = json.dumps(list(conv[2].items())).encode()
    for _ in range(1500):
        try:
            attrs = dict(json.loads(mutate(seed, rng)))
            graph = symbol("data", "w", (*conv[:2], attrs, conv[3]))
        except (ValueError, TypeError, FormatError):
            continue
        try:
            to_entries(graph, get=get)
        except FormatError:
            pass


@pytest.mark.data
@pytest.mark.parametrize(
    "path",
    [
        "golden-train/lenet-bn-sgdm", "golden-train/mlp-sgd", "golden-train/mlp-adam", "golden-train/mlp-sgdm",
        "models/matchbox-lenet/lenet", "models/mnist-lenet-matlab/mnist-lenet-0", "models/mtcnn/det1",
    ],
)  # fmt: skip
def test_models_are_read_and_written_again(data_pack, path):
    graph = load_symbol(data_pack / "mxnet" / f"{path}-symbol.json")
    entries = to_entries(graph)
    again = to_entries(from_entries(entries))
    for old, new in zip(topological(entries), topological(again), strict=True):
        assert (old.name, old.op, old.params, old.kind, old.attrs) == (
            new.name,
            new.op,
            new.params,
            new.kind,
            new.attrs,
        )
    assert [n.name for n in topological(entries)] == [n.name for n in graph.nodes]
    assert [n.op for n in from_entries(entries).nodes] == [n.op for n in graph.nodes]


@pytest.mark.data
def test_kinds_agree_with_a_real_checkpoint(data_pack):
    from mxtrain.formats.ndarray_list import load, split_params

    folder = data_pack / "mxnet/golden-train"
    arguments, auxiliary = split_params(load(folder / "lenet-bn-sgdm-0001.params"))
    graph = load_symbol(folder / "lenet-bn-sgdm-symbol.json")
    found = kinds(to_entries(graph))
    assert {n for n, k in found.items() if k == "parameter"} == set(arguments)
    assert {n for n, k in found.items() if k == "auxiliary"} == set(auxiliary)
    assert {n for n, k in found.items() if k == "input"} == {"data", "softmax_label"}


def test_what_keys_dropout_is_not_in_files():
    text = """{"nodes": [{"op": "null", "name": "data", "inputs": []},
        {"op": "Dropout", "name": "drop", "attrs": {"p": "0.3"}, "inputs": [[0, 0, 0]]}],
        "arg_nodes": [0], "heads": [[1, 0, 0]], "attrs": {"mxnet_version": ["int", 10901]}}"""
    (head,) = to_entries(parse_symbol(text))
    assert [e.node.name for e in head.node.inputs] == ["data", "random_state"]
    assert head.node.inputs[1].node.kind == "state"
    again = from_entries((head,))
    assert [(n.op, n.name, len(n.inputs)) for n in again.nodes] == [("null", "data", 0), ("Dropout", "drop", 1)]
