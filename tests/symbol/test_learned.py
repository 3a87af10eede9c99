"""Parameters that a layer declares among its inputs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mxtrain import init
from mxtrain.base.params import NoParams
from mxtrain.config.component import Chosen
from mxtrain.symbol.build import check_shapes
from mxtrain.symbol.symbol import loads

TEXT = """
let: {width: 6}
blocks:
  scale:
    net:
      - broadcast_mul: {name: by, inputs: {rhs: {shape: [width, 1], initializer: {name: constant, value: 0.5}}}}
net:
  - scale
  - broadcast_add: {inputs: {rhs: {shape: ["width / 2 * 2", 4], initializer: zeros}}}
"""


def test_it_is_a_parameter_of_the_layer_with_its_shape_and_initialiser(net):
    s = net(TEXT)
    assert s.list_arguments() == ["data", "scale0_by_rhs", "broadcast_add0_rhs"]
    assert s.kinds()["scale0_by_rhs"] == "parameter"
    g = check_shapes(s, {"data": (2, 6, 4)})
    assert g.variables["scale0_by_rhs"].types[0].shape == (6, 1)
    assert g.variables["broadcast_add0_rhs"].types[0].shape == (6, 4)
    assert g.outputs[0].type.shape == (2, 6, 4)
    rule = init.Rule(Chosen("zeros", NoParams()))
    value = init.initial_value(rule, "scale0_by_rhs", (6, 1), s.attr_dict()["scale0_by_rhs"], 0)
    np.testing.assert_array_equal(value, np.full((6, 1), 0.5, np.float32))


def test_symbol_files_carry_it(net):
    s = loads(net(TEXT).tojson())
    assert s.kinds()["broadcast_add0_rhs"] == "parameter"
    assert json.loads(s.attr_dict()["scale0_by_rhs"]["__init__"]) == ["constant", {"value": 0.5}]
    assert s.typed(data=(2, 6, 4)).variables["scale0_by_rhs"].types[0].shape == (6, 1)


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("shape: [2]", "a parameter needs 'initializer'"),
        ("{}", "a parameter needs 'shape' and 'initializer'"),
        ("shape: 2, initializer: ones", "must be a list of whole numbers from 1, got 2"),
        ("shape: [], initializer: ones", "must be a list of whole numbers from 1, got"),
        ("shape: [0], initializer: ones", "must be a list of whole numbers from 1, got a list"),
        ("shape: [1.5], initializer: ones", "must be a list of whole numbers from 1"),
        ("shape: [true], initializer: ones", "must be a list of whole numbers from 1"),
        ("shape: [height], initializer: ones", "no parameter 'height' here"),
        ("shape: [1], initializer: 3", "must be the name of an initializer, or {name: ...}, got 3"),
        ("shape: [1], initializer: {sigma: 1}", "must be the name of an initializer, or {name: ...}"),
        ("shape: [1], initializer: ones, lr: 3", "unknown key 'lr'"),
        ('shape: [1], initializer: {name: "${n}"}', "no parameter 'n' here"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(problems, inner, message):
    text = inner if inner == "{}" else f"{{{inner}}}"
    (found,) = problems(f"- broadcast_add: {{inputs: {{rhs: {text}}}}}")
    assert found.startswith("2:") and message in found
