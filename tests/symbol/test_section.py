from __future__ import annotations

import pytest

from mxtrain.config.load import loads
from mxtrain.symbol.evaluate import BROKEN
from mxtrain.symbol.section import arguments, misfit, read_section


def section(text, given=None):
    problems = []
    other = loads(f"net: {given}", "c.yaml").at(("net",)) if given else None
    return read_section(loads(text, "n.yaml"), other, problems), [p.splitlines()[0] for p in problems]


def test_parameters_values_and_defaults():
    read, problems = section(
        "params: {depth: 18, width: }\nlet: {units: {18: [2, 2], 34: [3, 4]}, count: 'units[depth][0] + 1'}\n"
        "net: [flatten]",
        "{file: x, width: 7, depth: 34}",
    )
    assert problems == []
    assert read.names == {"depth": 34, "width": 7, "units": {"18": [2, 2], "34": [3, 4]}, "count": 4}
    assert read.inputs == ("data",) and read.outputs is None and read.layers.data == ["flatten"]


def test_problems_of_what_is_given():
    read, problems = section("params: {depth: 18, width: }\nnet: [flatten]", "{file: x, dpth: 1, depth: deep}")
    assert problems == [
        "c.yaml:1:16: net.dpth: net has no parameter 'dpth'; did you mean 'depth' or 'width'?",
        "c.yaml:1:32: net.depth: must be a whole number, got 'deep'",
        "c.yaml:1:1: net: net needs 'width'",
    ]
    assert read.names == {"depth": BROKEN, "width": BROKEN}


def test_problems_of_the_section():
    _, problems = section(
        "params: {if: 1, name: 2, t: {a: 1}, w: }\nlet: {w: 1, a-b: 2}\n"
        "blocks: {add: {net: []}, b: 3, c: {nett: []}}\ninputs: [x, x]\nlayers: 3\n"
    )
    assert problems == [
        "n.yaml:5:1: layers: unknown key 'layers'; there are: params, let, blocks, inputs, outputs, input_shape, net",
        "n.yaml:1:10: params.if: 'if' cannot be the name of a parameter in an expression",
        "n.yaml:1:17: params.name: a parameter cannot be called 'name': it means something else",
        "n.yaml:1:29: params.t: a parameter is a number, a text, true, false or a list; tables go under 'let'",
        "n.yaml:1:40: params.w: parameter 'w' needs a value; only a net file's can be left to its user",
        "n.yaml:2:7: let.w: 'w' is a parameter already",
        "n.yaml:2:13: let.a-b: 'a-b' cannot be the name of a value in an expression",
        "n.yaml:4:9: inputs: must be a list of different names, such as [data], got a list",
        "n.yaml:3:10: blocks.add: a block cannot be called 'add': it is no name, or means something else",
        "n.yaml:3:29: blocks.b: must be a map with the key 'net', got 3",
        "n.yaml:3:36: blocks.c.nett: unknown key 'nett'; did you mean 'net'?",
        "n.yaml:3:32: blocks.c: missing key 'net', the list of layers of the block",
        "n.yaml:1:1: missing key 'net', the list of layers of the net",
    ]


@pytest.mark.parametrize("key", ["params", "let", "blocks"])
def test_maps_must_be_maps(key):
    _, problems = section(f"{key}: 3\nnet: 4")
    assert len(problems) == 2
    assert problems[0].startswith(f"n.yaml:1:{len(key) + 3}: {key}: must be a map of ")
    assert problems[1] == "n.yaml:2:6: net: must be a list of layers, got 4"


def test_a_broken_value_breaks_those_after_it_in_silence():
    read, problems = section("let: {a: 1 +, b: a * 2, c: 3}\nnet: [flatten]")
    assert len(problems) == 1
    assert read.names == {"a": BROKEN, "b": BROKEN, "c": 3}


@pytest.mark.parametrize(
    ("default", "value", "wanted"),
    [
        (1, 2, None), (1, True, "a whole number"), (1, 2.5, "a whole number"), (0.5, 1, None), (0.5, True, "a number"),
        (True, False, None), (True, 1, "true or false"), ("a", "b", None), ("a", 1, "a text"), ([1], [2], None),
        ([1], 2, "a list"), (None, "x", None), (None, [1], None), (None, None, "a value"), (1, {}, "a value"),
    ],
)  # fmt: skip
def test_a_parameter_takes_what_its_default_is(default, value, wanted):
    assert misfit(default, value) == wanted


def test_own_keys_of_a_layer_are_no_arguments():
    problems = []
    given = loads("{name: x, from: y, when: 1, repeat: 2, inputs: {}, width: 3}", "c.yaml")
    assert arguments({"width": 1}, given, problems, "block 'b'") == {"width": 3}
    assert problems == []


@pytest.mark.parametrize("shape", ["[]", "[3, 0]", "3", "[3, true]"])
def test_the_shape_of_a_sample(shape):
    _, problems = section(f"input_shape: {shape}\nnet: [flatten]")
    assert len(problems) == 1 and "input_shape: must be the shape of the samples" in problems[0]
    assert section("input_shape: [3, 8, 8]\nnet: [flatten]")[1] == []
