"""The JSON Schema of nets. What it accepts and refuses is tried with `mxtrain config schema`."""

from __future__ import annotations

import json
import re

from mxtrain.ops import REGISTRY
from mxtrain.symbol.item import WORDS
from mxtrain.symbol.schema import net_file_schema, net_schema
from mxtrain.symbol.section import BRANCHES, KEYS, RESERVED


def test_every_operator_is_there():
    _, parts = net_schema()
    layer = parts["NetLayers"]["items"]["anyOf"][-1]
    assert set(layer["properties"]) == {*REGISTRY.names(), *WORDS, BRANCHES}
    assert {name.removeprefix("layer.") for name in parts} == {*REGISTRY.names(), "NetLayers"}


def test_layers_have_their_own_keys_and_parameters():
    _, parts = net_schema()
    convolution = parts["layer.convolution"]
    assert {*RESERVED, "kernel", "num_filter"} <= set(convolution["properties"])
    assert convolution["required"] == ["num_filter", "kernel"] and convolution["type"] == "object"
    assert convolution["properties"]["num_filter"]["anyOf"] == [{"minimum": 1, "type": "integer"}, {"type": "string"}]
    assert convolution["properties"]["num_filter"]["description"] == "number of output channels"
    assert "required" not in parts["layer.concat"] and "null" in parts["layer.flatten"]["type"]


def test_entries_of_lists_may_be_expressions():
    _, parts = net_schema()
    number, listed = parts["layer.convolution"]["properties"]["kernel"]["anyOf"][0]["anyOf"]
    assert {"type": "string"} in number["anyOf"] and {"type": "string"} in listed["anyOf"]
    assert {"type": "string"} in listed["anyOf"][0]["items"]["anyOf"]


def test_net_files():
    schema = net_file_schema()
    assert set(schema["properties"]) == set(KEYS)
    text = json.dumps(schema)
    assert set(re.findall(r'"#/\$defs/([^"]+)"', text)) <= set(schema["$defs"])
