from __future__ import annotations

import pytest


def names(symbol):
    return [n.name for n in symbol.nodes if n.op is not None]


def ways(symbol):
    """Each node with the names of what it takes, variables of its own left out."""
    return {
        n.name: [e.name.removesuffix("_output") for e in n.inputs if not e.node.name.startswith(f"{n.name}_")]
        for n in symbol.nodes
        if n.op is not None
    }


def test_a_list_is_a_chain(net):
    s = net("- convolution: {num_filter: 4, kernel: 3}\n- flatten\n- flatten")
    assert ways(s) == {"convolution0": ["data"], "flatten0": ["convolution0"], "flatten1": ["flatten0"]}


def test_every_node_knows_its_line(net):
    s = net("- flatten\n- fully_connected: {num_hidden: 2}")
    assert [n.source for n in s.nodes if n.name != "data"] == ["net.yaml:2:5", *["net.yaml:3:5"] * 3]


def test_names_and_from(net):
    s = net("""
        - flatten: {name: a}
        - flatten: {name: b}
        - flatten: {from: a}
        - add: {from: [b, flatten0, data], name: sum}
    """)
    assert ways(s)["flatten0"] == ["a"] and ways(s)["sum"] == ["b", "flatten0", "data"]


def test_automatic_names_pass_over_those_taken(net):
    assert names(net("- flatten: {name: flatten1}\n- flatten\n- flatten")) == ["flatten1", "flatten0", "flatten2"]


def test_branches_and_what_takes_them(net):
    s = net("""
        - branches:
            - [flatten: {name: a}]
            - []
            - - flatten: {name: b}
              - branches: [[flatten: {name: c}], [flatten: {name: d}]]
              - add: {name: inner}
        - concat: {name: all, dim: 1}
    """)
    assert ways(s)["all"] == ["a", "data", "inner"] and ways(s)["inner"] == ["c", "d"]
    assert next(n for n in s.nodes if n.name == "all").params.num_args == 3


def test_all_outputs_of_a_layer_go_on_unless_one_is_picked(net):
    s = net("""
        - slice_channel: {num_outputs: 2, name: s}
        - add: {name: both}
        - flatten: {from: s.1, name: one}
        - add: {from: [both, one], name: last}
    """)
    assert ways(s)["both"] == ["s_output0", "s_output1"] and ways(s)["one"] == ["s_output1"]


def test_inputs_by_name_and_shared_weights(net):
    s = net("""
        - fully_connected: {num_hidden: 4, name: a}
        - fully_connected: {num_hidden: 4, name: b, inputs: {weight: a_weight}}
    """)
    assert ways(s)["b"] == ["a", "a_weight"]
    assert s.kinds() == {"data": "input", "a_weight": "parameter", "a_bias": "parameter", "b_bias": "parameter"}


def test_blocks_have_names_and_counts_of_their_own(net):
    s = net("""
        blocks:
          conv:
            params: {width: , act: relu}
            let: {twice: 2 * width}
            net:
              - convolution: {num_filter: twice, kernel: 1}
              - activation: {act_type: "${act}", name: act}
          pair: {net: [conv: {width: 3}, conv: {width: 4, act: tanh, name: second}]}
        net:
          - pair
          - convolution: {num_filter: 1, kernel: 1}
          - pair: {name: tail}
    """)
    assert names(s) == [
        "pair0_conv0_convolution0", "pair0_conv0_act", "pair0_second_convolution0", "pair0_second_act", "convolution0",
        "tail_conv0_convolution0", "tail_conv0_act", "tail_second_convolution0", "tail_second_act",
    ]  # fmt: skip
    found = {n.name: n.params for n in s.nodes if n.op is not None}
    assert found["tail_conv0_convolution0"].num_filter == 6 and found["tail_second_act"].act_type == "tanh"


def test_input_is_what_comes_into_a_block(net):
    s = net("""
        blocks:
          residual: {net: [flatten: {name: f}, add: {from: [f, input], name: sum}]}
          two: {net: [flatten: {from: input.1, name: f}, add: {from: [input.0, f], name: sum}]}
        net:
          - residual: {name: r}
          - two: {from: [r, data], name: t}
    """)
    assert ways(s) == {"r_f": ["data"], "r_sum": ["r_f", "data"], "t_f": ["data"], "t_sum": ["r_sum", "t_f"]}


def test_repeat_and_when(net):
    s = net("""
        let: {widths: [3, 4, 5]}
        net:
          - fully_connected: {repeat: len(widths), num_hidden: "widths[index]", name: "fc${index + 1}"}
          - flatten: {repeat: 4, when: index % 2 == 1}
          - flatten: {when: "false", name: never}
          - flatten: {when: false, repeat: 0}
    """)
    assert [n.params.num_hidden for n in s.nodes if n.name.startswith("fc") and n.op is not None] == [3, 4, 5]
    assert names(s) == ["fc1", "fc2", "fc3", "flatten0", "flatten1"]


def test_index_does_not_reach_into_blocks(net, problems):
    found = problems("""
        blocks: {b: {net: [fully_connected: {num_hidden: index}]}}
        net: [b: {repeat: 2}]
    """)
    assert found == ["2:52: net.blocks.b.net[0].fully_connected.num_hidden: no parameter 'index' here; there are none"]


PROBLEMS = """
- flatten: {from: dta}
    2:21: net[0].flatten.from: no layer 'dta' before this one; did you mean 'data'?
- flatten: {from: 3}
    2:21: net[0].flatten.from: must be the name of a layer before this one, or a list of them, got 3
- flatten: {from: []}
    2:21: net[0].flatten.from: must be the name of a layer before this one, or a list of them, got an empty list
- flatten: {from: data.1}
    2:21: net[0].flatten.from: 'data' has no output 1; the first of its 1 is data.0
- flatten: {from: data.x}
    2:21: net[0].flatten.from: 'data' has no output x; the first of its 1 is data.0
- flatten: {from: [data, data]}
    2:5: net[0].flatten: flatten takes 1 (data), but 2 come in; pick one by 'from'
- fully_connected: {num_hidden: 2, from: [data, data]}
    2:5: net[0].fully_connected: fully_connected takes 1 (data), but 2 come in; pick one by 'from'
- flatten: {inputs: {dat: data}}
    2:5: net[0].flatten: flatten 'flatten0': has no input 'dat'; did you mean 'data'?
- flatten: {inputs: 3}
    2:23: net[0].flatten.inputs: must be a map from inputs to layers, got 3
- flatten: {name: 3}
    2:21: net[0].flatten.name: must be letters, digits, '_' and '-', the first a letter, got 3
- flatten: {name: a.b}
    2:21: net[0].flatten.name: must be letters, digits, '_' and '-', the first a letter, got 'a.b'
- flatten: {name: data}
    2:21: net[0].flatten.name: there is a 'data' already
- flatten: {repeat: -1}
    2:23: net[0].flatten.repeat: must be a whole number from 0 to 10000, got -1
- flatten: {repeat: 1.5}
    2:23: net[0].flatten.repeat: must be a whole number from 0 to 10000, got 1.5
- flatten: {when: [1]}
    2:21: net[0].flatten.when: a condition must be true, false or a number, got a list
- pooling: {kernel: 2, strides: 2}
    2:26: net[0].pooling.strides: unknown key 'strides'; mxtrain calls it stride
- pooling: {kernel: k}
    2:23: net[0].pooling.kernel: no parameter 'k' here; there are none
- pooling: {kernel: '[0]'}
    2:23: net[0].pooling.kernel[0]: must be a whole number >= 1, got 0
- convolution: {kernel: 3}
    2:5: net[0].convolution: missing key 'num_filter' (a whole number >= 1)
- convolution: {num_filter: 0, kernel: k}
    2:42: net[0].convolution.kernel: no parameter 'k' here; there are none
    2:31: net[0].convolution.num_filter: must be a whole number >= 1, got 0
- branches: [[], []]
    2:5: net[0].branches: branches must be followed by the layer that takes all results, such as concat or add
- {branches: [[], []]}, flatten
    2:26: net[1]: flatten takes 1 (data), but 2 come in; pick one by 'from'
- {branches: [[]]}, concat
    2:15: net[0].branches: must be at least two lists of layers, got 1
- {branches: [flatten, []]}, concat
    2:16: net[0].branches[0]: a branch is a list of layers, got 'flatten'; put it in [...]
- {branches: [null, []]}, concat
    2:16: net[0].branches[0]: a branch is a list of layers, got null; [] passes on what comes in
- {branches: [[slice_channel: {num_outputs: 2}], []]}, concat
    2:16: net[0].branches[0]: a branch must give one result, this one gives 2
"""


def cases():
    """(net, problems) of each entry of PROBLEMS."""
    for line in PROBLEMS.strip().splitlines():
        if line.startswith("- "):
            text, expected = line, []
            yield pytest.param(text if "}, " not in text else f"[{text[2:]}]", expected, id=text)
        else:
            expected.append(line.strip())


@pytest.mark.parametrize(("text", "expected"), list(cases()))
def test_problems_of_layers(problems, text, expected):
    assert expected and problems(text) == expected


def test_names_under_repeat_need_the_index(problems):
    found = problems("- flatten: {repeat: 2, name: f}")
    assert found == [
        "2:32: net[0].flatten.name: there is a 'f' already; name it by its ${index}, such as \"unit${index}\""
    ]


def test_a_block_that_uses_itself(problems):
    found = problems("blocks: {a: {net: [b]}, b: {net: [flatten, a]}}\nnet: [a]")
    assert found == ["2:46: net.blocks.b.net[1]: block 'a' uses itself, or blocks stand too deep: a -> b -> a"]


def test_arguments_of_blocks(problems):
    found = problems("""
        blocks: {b: {params: {width: , act: relu}, net: [fully_connected: {num_hidden: width}]}}
        net: [b, b: {wdth: 3, act: 2, width: 1, inputs: {}}]
    """)
    assert found == [
        "3:9: net.net[0]: block 'b' needs 'width'",
        "3:43: net.net[1].b.inputs: a block takes its inputs by 'from'",
        "3:16: net.net[1].b.wdth: block 'b' has no parameter 'wdth'; did you mean 'width'?",
        "3:30: net.net[1].b.act: must be a text, got 2",
    ]


def test_a_problem_in_a_repeated_block_is_told_once(problems):
    found = problems("blocks: {b: {net: [pooling: {kernel: 0}]}}\nnet: [b: {repeat: 5}]")
    assert found == ["2:40: net.blocks.b.net[0].pooling.kernel: must be a whole number >= 1, got 0"]


def test_a_broken_layer_does_not_break_those_after_it(problems):
    found = problems("""
        - convlution: {num_filter: 3}
        - pooling: {kernel: 0, name: p}
        - slice_channel: {num_outputs: x, name: s}
        - add: {from: [p, s.1]}
        - flatten: {nme: a}
    """)
    assert [f.split(": ")[0] for f in found] == ["2:5", "3:23", "4:34", "6:15"]


def test_a_net_has_an_end(problems):
    found = problems("""
        blocks:
          a: {net: [flatten: {repeat: 1000}]}
          b: {net: [a: {repeat: 1000}]}
        net: [b: {repeat: 1000}]
    """)
    assert found == ["3:24: net.blocks.a.net[0].flatten: a net of more than 20000 layers"]
