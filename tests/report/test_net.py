"""A net in words, with and without shapes."""

from __future__ import annotations

import pytest

from mxtrain import symbol as sym
from mxtrain.base.errors import ConfigError, ShapeError
from mxtrain.config.load import loads
from mxtrain.report import net
from mxtrain.report.arrays import Item
from mxtrain.symbol.build import build_net

TEXT = """\
net:
  - convolution: {num_filter: 2, kernel: 3, name: conv}
  - batch_norm: {name: bn}
  - flatten: {name: flat}
  - fully_connected: {num_hidden: 4, name: fc}
  - softmax_output: {name: softmax}
"""


@pytest.fixture
def symbol():
    return build_net(loads(TEXT).at(("net",)))


def test_without_shapes(symbol):
    found = net.look(symbol, {})
    assert [(n.name, n.op, n.inputs) for n in found.layers] == [
        ("conv", "convolution", ("data",)),
        ("bn", "batch_norm", ("conv",)),
        ("flat", "flatten", ("bn",)),
        ("fc", "fully_connected", ("flat",)),
        ("softmax", "softmax_output", ("fc", "softmax_label")),
    ]
    assert all(n.shape is None and n.parameters == 0 for n in found.layers)
    assert [v.name for v in found.variables if v.kind == "auxiliary"] == ["bn_moving_mean", "bn_moving_var"]
    assert [v.name for v in found.outputs] == ["softmax_output"]


def test_with_shapes(symbol):
    found = net.look(symbol, {"data": (5, 1, 6, 6)})
    assert [(n.shape, n.parameters) for n in found.layers] == [
        ((5, 2, 4, 4), 20),
        ((5, 2, 4, 4), 4),
        ((5, 32), 0),
        ((5, 4), 132),
        ((5, 4), 0),
    ]
    shapes = {v.name: v.shape for v in found.variables}
    assert shapes["conv_weight"] == (2, 1, 3, 3) and shapes["bn_moving_var"] == (2,) and shapes["softmax_label"] == (5,)
    data = found.to_json()
    assert data["outputs"] == [{"name": "softmax_output", "shape": [5, 4]}]
    assert [v["name"] for v in data["auxiliary_states"]] == ["bn_moving_mean", "bn_moving_var"]


SHARED = """\
net:
  - fully_connected: {num_hidden: 3, name: a}
  - fully_connected: {num_hidden: 3, name: b, inputs: {weight: a_weight}}
"""


def test_shared_parameters_count_once():
    found = net.look(build_net(loads(SHARED).at(("net",))), {"data": (1, 3)})
    assert [n.parameters for n in found.layers] == [12, 3]


def test_shapes_of_arrays_where_nothing_else_tells_them():
    w = sym.variable("w", lr_mult=1.0, kind="parameter")
    s = sym.dot(sym.variable("data", scope=w.scope), w)
    with pytest.raises(ShapeError, match="'w'"):
        net.look(s, {"data": (2, 3)})
    found = net.look(s, {"data": (2, 3)}, lambda: [Item("arg:w", (3, 5), "float32"), Item("arg:other", (1,), "int8")])
    assert found.outputs[0].shape == (2, 5)


def test_what_does_not_fit(symbol):
    with pytest.raises(ShapeError, match="conv"):
        net.look(symbol, {"data": (5, 1, 2, 2)})
    with pytest.raises(ConfigError, match="did you mean 'data'"):
        net.look(symbol, {"dat": (5, 1, 2, 2)})
