from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxtrain import symbol as sym
from mxtrain.base.errors import ConfigError, ShapeError
from mxtrain.config.load import loads
from mxtrain.symbol.build import build_net, check_heads, check_shapes

FILE = """\
params: {classes: 10, width: }
net:
  - fully_connected: {num_hidden: width * 2}
  - fully_connected: {num_hidden: classes}
"""


@pytest.fixture
def folder(tmp_path):
    """A config's folder with a net file in nets/, another net of the same name beside the config, and a symbol file."""
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "two.yaml").write_text(FILE)
    (tmp_path / "two.yaml").write_text("epochs: 3\n")
    (tmp_path / "near.yaml").write_text("net: [flatten]\n")
    sym.fully_connected(sym.variable("data"), num_hidden=3, name="fc").save(tmp_path / "x-symbol.json")
    (tmp_path / "bad-symbol.json").write_text(json.dumps({"nodes": [], "arg_nodes": []}))
    return tmp_path


def config(folder, text, search=()):
    return build_net(loads(f"net: {text}", str(folder / "c.yaml")).at(("net",)), search=search)


def test_a_net_file_with_its_parameters(folder):
    s = config(folder, "{file: two, width: 4}")
    assert s.infer_shape(data=(2, 5))[1] == [(2, 10)]
    assert [n.params.num_hidden for n in s.nodes if n.op is not None] == [8, 10]
    assert s.entries[0].node.source == f"{folder / 'nets' / 'two.yaml'}:4:5"


def test_where_net_files_are_looked_up(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for search in ([folder], [folder / "nets"]):
        assert config(other, "{file: two.yaml, width: 1}", search).list_outputs() == ["fully_connected1_output"]
    assert config(folder, "{file: near}").list_outputs() == ["flatten0_output"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{file: tow}", "1:13: net.file: no file 'tow'; did you mean 'two.yaml'?"),
        ("{file: ../two}", "1:13: net.file: must be the name of a file below "),
        ("{file: 3}", "1:13: net.file: must be the name of a net file, got 3"),
        ("{file: two}", "1:1: net: net needs 'width'"),
        ("{file: two, width: 1, clases: 3}", "1:28: net.clases: net has no parameter 'clases'; did you mean 'classes'"),
        ("{symbol: y-symbol.json}", "1:15: net.symbol: no file 'y-symbol.json' beside the config"),
        ("{symbol: x-symbol.json, classes: 3}", "1:30: net.classes: unknown key 'classes' beside 'symbol'"),
        ("{symbol: 3}", "1:15: net.symbol: must be the path of a symbol file, got 3"),
        ("{symbol: bad-symbol.json}", "1:15: net.symbol: "),
        ("lenet", "1:6: net: must be a list of layers, or a map with 'net', 'file' or 'symbol', got 'lenet'; write"),
        ("3", "1:6: net: must be a list of layers, or a map with 'net', 'file' or 'symbol', got 3"),
        ("{}", "1:6: net: must be a list of layers, or a map with 'net', 'file' or 'symbol', got an empty map"),
        ("{use: two, width: 3}", "1:6: net: must be a list of layers, or a map with 'net', 'file' or 'symbol', got "
         "a map; write {file: two, width: 3}"),
        ("{two: {width: 3}}", "1:6: net: must be a list of layers, or a map with 'net', 'file' or 'symbol', got "
         "a map; write {file: two, width: 3}"),
        ("{two: }", "1:6: net: must be a list of layers, or a map with 'net', 'file' or 'symbol', got a map; write "
         "{file: two}"),
        ("{layers: [flatten]}", "1:7: net.layers: unknown key 'layers'; there are: params, "),
        ("[]", "1:6: net: a net needs at least one layer"),
    ],
)  # fmt: skip
def test_problems_of_the_choice_of_a_net(folder, text, problem):
    with pytest.raises(ConfigError) as caught:
        config(folder, text)
    assert str(caught.value).startswith(f"{folder / 'c.yaml'}:{problem}")


def test_a_config_may_be_called_as_the_net_that_it_uses(folder, tmp_path):
    shipped = tmp_path / "shipped"
    (shipped / "nets").mkdir(parents=True)
    (shipped / "nets" / "c.yaml").write_text(
        "params: {width: }\nnet: [flatten, {fully_connected: {num_hidden: width}}]"
    )
    path = folder / "c.yaml"
    path.write_text("net: {file: c, width: 3}")
    symbol = build_net(loads(path.read_text(), str(path)).at(("net",)), search=[folder, shipped])
    assert "fully_connected0_weight" in symbol.list_arguments()


def test_a_broken_net_file_names_itself(folder):
    (folder / "nets" / "odd.yaml").write_text("net: [flaten, {a: 1, b: 2}]\n: 3")
    with pytest.raises(ConfigError, match="odd.yaml:2:1"):
        config(folder, "{file: odd}")


def test_a_block_stands_in_the_place_of_an_operator_of_its_name(folder):
    block = "{params: {width: 4}, net: [fully_connected: {num_hidden: width}]}"
    assert config(folder, f"{{blocks: {{norm: {block}}}, net: [norm: {{width: 3}}]}}").list_arguments() == [
        "data", "norm0_fully_connected0_weight", "norm0_fully_connected0_bias",
    ]  # fmt: skip


def test_a_symbol_file(folder):
    assert config(folder, "{symbol: x-symbol.json}").list_arguments() == ["data", "fc_weight", "fc_bias"]
    assert config(folder, f"{{symbol: {folder / 'x-symbol.json'}}}").list_outputs() == ["fc_output"]


def test_the_copy_of_a_config_takes_the_symbol_that_the_config_took(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("checkpoint")
    sym.fully_connected(sym.variable("data"), num_hidden=3, name="other").save(copy / "x-symbol.json")
    tree = loads("net: {symbol: x-symbol.json}", str(copy / "config.yaml")).at(("net",))
    assert build_net(tree, search=[folder]).list_outputs() == ["fc_output"]
    assert build_net(tree).list_outputs() == ["other_output"]


def test_layers_behind_a_symbol_file(folder):
    s = config(folder, "{symbol: x-symbol.json, net: [activation: {act_type: relu}, softmax_output: {name: softmax}]}")
    assert s.list_outputs() == ["softmax_output"]
    assert s.list_arguments() == ["data", "fc_weight", "fc_bias", "softmax_label"]


def test_a_symbol_file_that_is_cut(folder):
    data = sym.variable("data")
    top = sym.fully_connected(sym.activation(data, act_type="relu", name="act.0"), num_hidden=3, name="fc")
    sym.softmax_output(top, name="softmax").save(folder / "x-symbol.json")
    s = config(folder, "{symbol: x-symbol.json, from: act.0, net: [fully_connected: {num_hidden: 2, name: new}]}")
    assert s.list_arguments() == ["data", "new_weight", "new_bias"] and s.list_outputs() == ["new_output"]
    assert config(folder, "{symbol: x-symbol.json, from: [fc, act.0]}").list_outputs() == ["fc_output", "act.0_output"]


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("from: fk", "1:36: net.from: no layer 'fk' before this one; there are: data, fc_weight"),
        ("net: []", "1:35: net.net: must be a list of the layers that follow, got an empty list"),
        ("net: flatten", "1:35: net.net: must be a list of the layers that follow, got 'flatten'"),
        ("net: [flaten]", "1:36: net.net[0]: no operator or block 'flaten'"),
        ("net: [flatten, flatten: {from: data}]", "1:36: net.net[0]: nothing takes what 'flatten0' gives"),
        ("net: [flatten: {name: fc}]", "1:"),
    ],
)
def test_problems_of_what_follows_a_symbol_file(folder, rest, problem):
    with pytest.raises(ConfigError) as caught:
        config(folder, f"{{symbol: x-symbol.json, {rest}}}")
    assert str(caught.value).startswith(f"{folder / 'c.yaml'}:{problem}")


def test_a_symbol_without_a_loss_says_how_to_give_it_one(folder):
    with pytest.raises(ConfigError, match=r"behind a symbol file: net: \{symbol: FILE, net: \[softmax_output\]\}"):
        check_heads(config(folder, "{symbol: x-symbol.json}"))


def test_several_inputs_and_outputs(net):
    s = net("""
        inputs: [left, right]
        outputs: [a, b.0]
        net:
          - flatten: {name: a}
          - flatten: {name: b, from: right}
    """)
    assert s.list_outputs() == ["a_output", "b_output"] and s.kinds() == {"left": "input", "right": "input"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "- flatten: {name: a}\n- flatten: {from: data}",
            ["2:5: net[0].flatten: nothing takes what 'a' gives; let a layer take it, or name it in 'outputs'"],
        ),
        ("inputs: [data, more]\nnet: [flatten]", ["2:11: net.inputs: no layer takes the input 'more'"]),
        (
            "outputs: [b]\nnet: [flatten]",
            ["2:13: net.outputs[0]: no layer 'b' before this one; there are: data, flatten0"],
        ),
        ("outputs: a\nnet: [flatten]", ["2:12: net.outputs: must be a list of layers, got 'a'"]),
        ("outputs: [data]\nnet: [flatten]", ["3:9: net.net[0]: nothing takes what 'flatten0' gives"]),
    ],
)
def test_nothing_is_dropped_in_silence(problems, text, expected):
    found = problems(text)
    assert len(found) == len(expected) and all(f.startswith(e) for f, e in zip(found, expected, strict=True))


def test_names_that_come_out_the_same(problems):
    found = problems("""
        blocks: {a: {net: [flatten: {name: b}]}}
        net: [a: {name: x}, flatten: {name: x_b}]
    """)
    assert len(found) == 1 and "several nodes are called 'x_b'" in found[0]


def test_all_problems_come_at_once_in_order(problems):
    found = problems("""
        let: {a: 1 +}
        blocks: {c: {net: [pool]}}
        net: [c, pooling: {kernel: a}, flatten: {form: c0}]
    """)
    assert [f.split(": ")[0] for f in found] == ["2:15", "3:22", "4:44"]


def test_heads_are_named_where_there_is_none(net):
    check_heads(net("- fully_connected: {num_hidden: 3}\n- softmax_output"))
    with pytest.raises(ConfigError, match=r"net.yaml:2:5: flatten 'flatten0' ends the net.*: .*softmax_output"):
        check_heads(net("- flatten"))


def test_shapes_that_do_not_fit_name_the_line(net):
    s = net("- pooling: {kernel: 2}\n- convolution: {num_filter: 3, kernel: 5}\n- flatten")
    assert check_shapes(s, {"data": (2, 1, 6, 6)}).outputs[0].type.shape == (2, 3)
    with pytest.raises(ShapeError, match=r"^net.yaml:3:5: convolution 'convolution0': .*data \(2, 1, 4, 4\)"):
        check_shapes(s, {"data": (2, 1, 4, 4)})
    with pytest.raises(ShapeError, match=r"'data'.*cannot be inferred"):
        check_shapes(s, {"data": (2, 1, None, 8)})


def test_yaml_and_python_say_the_same(net, rng):
    mine = net("""
        - convolution: {num_filter: 4, kernel: 3, name: conv}
        - activation: {act_type: relu}
        - fully_connected: {num_hidden: 3, name: fc}
        - softmax_output: {name: softmax}
    """)
    x = sym.activation(sym.convolution(sym.variable("data"), num_filter=4, kernel=3, name="conv"), act_type="relu")
    other = sym.softmax_output(sym.fully_connected(x, num_hidden=3, name="fc"), name="softmax")
    assert mine.tojson() == other.tojson()
    a, b = (s.bind(data=(2, 1, 5, 5)) for s in (mine, other))
    values = {n: rng.standard_normal(v.shape) for n, v in a.arg_dict.items()}
    np.testing.assert_array_equal(a.forward(**values)[0], b.forward(**values)[0])


SCALAR = st.sampled_from(
    [None, True, 0, 1, 3, -1, 2.5, "a", "b", "data", "data.0", "relu", "k * 2", "index", "1 +", "${k}", "x${index}",
     "flatten", "concat", "[1, 2][index]", "kernel", "input", "a.1", 10**6]
)  # fmt: skip
KEY = st.sampled_from(
    ["name", "from", "inputs", "repeat", "when", "kernel", "num_filter", "num_hidden", "act_type", "pool_type", "k",
     "flatten", "pooling", "fully_connected", "activation", "add", "concat", "slice_channel", "softmax_output", "a",
     "b", "branches", "num_outputs", "net", "params", "let", "blocks", "outputs", "file", "symbol",
     "batch_norm", "dropout"]
)  # fmt: skip
ANYTHING = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=3), max_leaves=25
)
LAYER = st.sampled_from(["flatten", "add", "concat", "a", "b", "softmax_output"]) | st.dictionaries(
    KEY, st.none() | st.dictionaries(KEY, ANYTHING, max_size=3) | st.lists(st.lists(SCALAR)), min_size=1, max_size=1
)
LIKELY = st.fixed_dictionaries(
    {"net": st.lists(LAYER, max_size=6)},
    optional={
        "blocks": st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.fixed_dictionaries(
                {"net": st.lists(LAYER, max_size=3)}, optional={"params": st.just({"k": 2}), "let": ANYTHING}
            ),
        ),
        "params": st.just({"k": 1}), "let": ANYTHING, "inputs": ANYTHING, "outputs": ANYTHING,
    },
)  # fmt: skip


@settings(deadline=None)
@given(ANYTHING | st.lists(LAYER) | LIKELY)
def test_a_broken_net_gives_problems_and_nothing_else(data):
    tree = loads(json.dumps({"net": data}), "f.yaml").at(("net",))
    try:
        s = build_net(tree)
    except ConfigError as error:
        assert error.problems and all(p.startswith("f.yaml:1:") for p in error.problems)
        return
    assert s.list_outputs()
    try:
        check_shapes(s, {"data": (2, 3, 8, 8)})
    except ConfigError as error:
        assert str(error)


def test_what_is_behind_the_cut_need_not_be_known(folder):
    data = sym.variable("data")
    sym.softmax_output(sym.fully_connected(data, num_hidden=3, name="fc"), name="top").save(folder / "x-symbol.json")
    text = (folder / "x-symbol.json").read_text().replace('"SoftmaxOutput"', '"Odd"')
    (folder / "x-symbol.json").write_text(text)
    assert config(folder, "{symbol: x-symbol.json, from: fc}").list_outputs() == ["fc_output"]
    for rest in ("", ", from: top", ", from: fd"):
        with pytest.raises(ConfigError, match="operator 'Odd' is not one that mxtrain has; cut the symbol before it"):
            config(folder, f"{{symbol: x-symbol.json{rest}}}")


def test_names_that_are_cut_off_are_free_again(folder):
    fc = sym.fully_connected(sym.variable("data"), num_hidden=3, name="fc")
    sym.softmax_output(sym.activation(fc, act_type="relu", name="a"), name="softmax").save(folder / "x-symbol.json")
    head = "[fully_connected: {num_hidden: 2, name: %s}, softmax_output: {name: softmax}]"
    text = f"{{symbol: x-symbol.json, from: fc, net: {head}}}"
    s = config(folder, text % "a")
    assert s.list_arguments() == ["data", "fc_weight", "fc_bias", "a_weight", "a_bias", "softmax_label"]
    assert s.infer_shape(data=(4, 5))[1] == [(4, 2)]
    with pytest.raises(ConfigError, match="there is a 'fc' already"):
        config(folder, text % "fc")


def test_a_config_is_no_net_whatever_it_is_called(folder):
    for name in ("near", "alone"):
        (folder / f"{name}.yaml").write_text("net: {file: near}\noptimizer: sgd\n")
    (folder / "more/nets").mkdir(parents=True)
    (folder / "more/nets/near.yaml").write_text("net: [flatten]\n")
    assert config(folder, "{file: near}", [folder / "more"]).list_outputs() == ["flatten0_output"]
    with pytest.raises(ConfigError, match=r"1:13: net\.file: .*alone\.yaml is not what 'alone' can be here, and there"):
        config(folder, "{file: alone}")
