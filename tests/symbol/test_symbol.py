from __future__ import annotations

import numpy as np
import pytest

from mxtrain import symbol as sym
from mxtrain.base.errors import ConfigError, DataError, FormatError, ShapeError
from mxtrain.base.types import PartialType, TensorType


@pytest.fixture
def lenet():
    data = sym.variable("data")
    x = sym.convolution(data, num_filter=4, kernel=3, name="conv1")
    x = sym.batch_norm(x, fix_gamma=False, name="bn1")
    x = sym.pooling(sym.activation(x, act_type="relu"), kernel=2, stride=2)
    return sym.softmax_output(sym.fully_connected(x, num_hidden=10, name="fc1"), name="softmax")


def test_lists_are_mxnets(lenet):
    assert lenet.list_arguments() == [
        "data", "conv1_weight", "conv1_bias", "bn1_gamma", "bn1_beta", "fc1_weight", "fc1_bias", "softmax_label",
    ]  # fmt: skip
    assert lenet.list_auxiliary_states() == ["bn1_moving_mean", "bn1_moving_var"]
    assert lenet.list_outputs() == ["softmax_output"]
    assert lenet.list_inputs()[3:7] == ["bn1_gamma", "bn1_beta", "bn1_moving_mean", "bn1_moving_var"]


def test_kinds(lenet):
    kinds = lenet.kinds()
    assert [n for n, k in kinds.items() if k == "input"] == ["data", "softmax_label"]
    assert [n for n, k in kinds.items() if k == "auxiliary"] == ["bn1_moving_mean", "bn1_moving_var"]


def test_automatic_names_count_per_net():
    for _ in range(2):
        data = sym.variable("data")
        a, b = sym.flatten(data), sym.flatten(data)
        assert [a.name, b.name, sym.flatten(a).name] == ["flatten0", "flatten1", "flatten2"]


def test_inputs_of_one_scope_may_be_joined():
    a = sym.variable("a")
    b = sym.variable("b", scope=a.scope)
    assert (sym.flatten(a) + sym.flatten(b)).list_arguments() == ["a", "b"]


def test_clashing_names_of_two_nets_are_told():
    both = sym.flatten(sym.variable("a")) + sym.flatten(sym.variable("b"))
    with pytest.raises(ConfigError, match=r"several nodes are called 'flatten0'.*scope=other\.scope"):
        both.list_arguments()


def test_a_missing_first_input_is_a_variable():
    assert sym.flatten(name="f").list_arguments() == ["f_data"]


def test_variadic_operators_take_any_number():
    parts = [sym.variable(n) for n in "abc"]
    assert sym.concat(*parts, name="all").list_arguments() == ["a", "b", "c"]
    assert sym.add_n(sym.group(parts)).entries[0].node.params.num_args == 3


def test_wrong_parameters_name_operator_and_node():
    data = sym.variable("data")
    with pytest.raises(ConfigError) as caught:
        sym.convolution(data, num_fliter=3, kernel=3, name="c")
    assert "convolution 'c': unknown key 'num_fliter'; did you mean 'num_filter'?" in caught.value.problems
    with pytest.raises(
        ConfigError, match="fully_connected 'fully_connected0': has no input 'wieght'; did you mean 'weight'"
    ):
        sym.fully_connected(data, num_hidden=2, wieght=data)
    with pytest.raises(TypeError, match="inputs by place are symbols, got 3"):
        sym.flatten(3)
    with pytest.raises(ConfigError, match="input 'weight' is a group of 2 outputs; pick one"):
        sym.fully_connected(data, num_hidden=2, weight=sym.group([data, data]))


def test_an_unknown_operator_is_no_attribute():
    with pytest.raises(AttributeError, match="no operator 'convolutoin'; did you mean 'convolution'"):
        sym.convolutoin  # noqa: B018
    assert "convolution" in dir(sym) and "variable" in dir(sym)
    assert sym.convolution.__name__ == "convolution"


def test_indexing(lenet):
    inner = lenet.get_internals()
    assert inner["fc1_output"].list_outputs() == inner["fc1"].list_outputs() == ["fc1_output"]
    assert inner["data"].list_outputs() == ["data"]
    assert inner[-1].list_outputs() == ["softmax_output"]
    assert len(inner) == len(list(inner)) == 16
    with pytest.raises(ConfigError, match="no output 'fc2_output'; did you mean 'fc1_output'"):
        inner["fc2_output"]
    with pytest.raises(IndexError, match="no output 16; there are 16"):
        inner[16]


def test_several_outputs():
    parts = sym.slice_channel(sym.variable("data"), num_outputs=2, name="s")
    assert parts.list_outputs() == ["s_output0", "s_output1"]
    assert parts["s_output1"].entries == parts[1].entries
    with pytest.raises(ConfigError, match="'s' has several outputs: s_output0, s_output1; name one"):
        parts["s"]
    assert sym.add_n(parts).infer_shape(data=(2, 4))[1] == [(2, 2)]


def test_hidden_outputs_are_no_internals(lenet):
    assert not [n for n in lenet.get_internals().list_outputs() if "mean" in n and "moving" not in n]


def test_the_random_state_is_no_internal():
    assert sym.dropout(sym.variable("x"), name="d").get_internals().list_outputs() == ["x", "d_output"]


def test_group(lenet):
    inner = lenet.get_internals()
    both = sym.group([lenet, inner["fc1_output"]])
    assert both.list_outputs() == ["softmax_output", "fc1_output"]
    assert both.infer_shape(data=(2, 1, 8, 8))[1] == [(2, 10), (2, 10)]
    assert repr(both) == "<Symbol group [softmax, fc1]>" and repr(lenet) == "<Symbol softmax>"
    with pytest.raises(ConfigError, match="at least one"):
        sym.group([])


def test_infer_shape(lenet):
    arguments, outputs, auxiliaries = lenet.infer_shape(data=(2, 1, 8, 8))
    assert arguments == [(2, 1, 8, 8), (4, 1, 3, 3), (4,), (4,), (4,), (10, 36), (10,), (2,)]
    assert outputs == [(2, 10)] and auxiliaries == [(4,), (4,)]


def test_infer_shape_partly(lenet):
    arguments, outputs, _ = lenet.infer_shape_partial(data=(None, 1, 8, 8))
    assert arguments[0] == (None, 1, 8, 8) and arguments[5] == (10, 36) and outputs == [(None, 10)]
    arguments, _, auxiliaries = lenet.infer_shape_partial()
    assert arguments[1] == (4, None, 3, 3) and auxiliaries == [(4,), (4,)]


def test_shapes_that_do_not_fit(lenet):
    with pytest.raises(ShapeError, match="convolution 'conv1'"):
        lenet.infer_shape(data=(2, 1, 8))
    with pytest.raises(ShapeError, match="'data'.* cannot be inferred"):
        lenet.infer_shape()
    with pytest.raises(ConfigError, match="no variable 'dat'; did you mean 'data'"):
        lenet.infer_shape(dat=(2, 1, 8, 8))


def test_declared_shapes_count():
    x = sym.flatten(sym.variable("x", shape=(2, 3, 4), dtype="float64"))
    assert x.infer_shape() == ([(2, 3, 4)], [(2, 12)], [])
    assert x.infer_type() == (["float64"], ["float64"], [])


def test_infer_type(lenet):
    assert set(lenet.infer_type()[0]) == {"float32"}
    arguments, outputs, auxiliaries = lenet.infer_type(data="float64")
    assert set(arguments) == set(outputs) == set(auxiliaries) == {"float64"}


def test_typed_takes_whole_and_partial_types(lenet):
    g = lenet.typed(data=TensorType((2, 1, 8, 8), "float64"))
    assert g.outputs[0].type == TensorType((2, 10), "float64")
    assert lenet.typed(data=PartialType((2, 1, 8, 8))).outputs[0].type == TensorType((2, 10))


def test_attributes():
    w = sym.variable("w", lr_mult=0.1)
    net = sym.fully_connected(sym.variable("x"), weight=w, num_hidden=2, name="fc", attrs={"__mood__": "good"})
    assert w.attr("__lr_mult__") == "0.1" and net.attr("__mood__") == "good" and net.attr("none") is None
    assert net.attr_dict() == {"w": {"__lr_mult__": "0.1"}, "fc": {"__mood__": "good"}}
    with pytest.raises(ConfigError, match="a group of 2"):
        sym.group([w, net]).attr("x")


def test_debug_str(lenet):
    text = lenet.debug_str().splitlines()
    assert text[:2] == ["data: input", "conv1_weight: parameter"]
    assert "conv1 = convolution(data, conv1_weight, conv1_bias | num_filter=4, kernel=(3, 3))" in text
    assert text[-1] == "output softmax"


def test_json_round_trip(lenet, tmp_path):
    path = tmp_path / "x-symbol.json"
    lenet.save(path)
    again = sym.load(path)
    assert again.tojson() == lenet.tojson() == path.read_text() == sym.loads(path.read_text()).tojson()
    assert again.kinds() == lenet.kinds()
    assert again.debug_str() == lenet.debug_str()


def test_files_that_are_none(tmp_path):
    with pytest.raises(FormatError):
        sym.loads("{}")
    with pytest.raises(DataError):
        sym.load(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (lambda x, y: x + y, lambda a, b: a + b), (lambda x, y: x - y, lambda a, b: a - b),
        (lambda x, y: x * y, lambda a, b: a * b), (lambda x, y: x / y, lambda a, b: a / b),
        (lambda x, y: x**y, lambda a, b: a**b), (lambda x, y: -x, lambda a, b: -a),
        (lambda x, y: x + 2, lambda a, b: a + 2), (lambda x, y: 2 + x, lambda a, b: 2 + a),
        (lambda x, y: x - 2, lambda a, b: a - 2), (lambda x, y: 2 - x, lambda a, b: 2 - a),
        (lambda x, y: x * 2, lambda a, b: a * 2), (lambda x, y: 2 * x, lambda a, b: 2 * a),
        (lambda x, y: x / 2, lambda a, b: a / 2), (lambda x, y: 2 / x, lambda a, b: 2 / a),
        (lambda x, y: x**2, lambda a, b: a**2), (lambda x, y: 2**x, lambda a, b: 2**a),
    ],
)  # fmt: skip
def test_arithmetic(make, value, rng):
    x = sym.variable("x")
    y = sym.variable("y", scope=x.scope)
    a, b = rng.uniform(0.5, 2, (2, 3, 4)).astype(np.float32)
    net = make(x, y)
    arrays = {n: {"x": a, "y": b}[n] for n in net.list_arguments()}
    executor = net.bind(grad_req="null", x=(3, 4), **({"y": (3, 4)} if "y" in arrays else {}))
    np.testing.assert_allclose(executor.forward(**arrays)[0], value(a, b), rtol=1e-6)


@pytest.mark.parametrize("other", ["2", None, True, [1]])
def test_arithmetic_with_something_else(other):
    with pytest.raises(TypeError, match="a symbol goes with a symbol or a number"):
        sym.variable("x") + other


def test_a_variable_needs_a_name():
    with pytest.raises(ConfigError, match="needs a name"):
        sym.variable("")
