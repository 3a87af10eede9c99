from __future__ import annotations

import json

import pytest

from mxtrain.config.schema import json_schema


@pytest.fixture
def document(schema):
    return json_schema(schema)


def test_it_is_json_of_the_right_dialect(document):
    assert json.loads(json.dumps(document))["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_keys_have_type_range_default_and_doc(document):
    assert document["additionalProperties"] is False
    assert document["properties"]["epochs"] == {
        "type": "integer",
        "minimum": 1,
        "description": "passes over the data",
        "title": "Epochs",
    }
    assert document["properties"]["shuffle"]["default"] is True
    assert "from" in document["properties"]


def test_a_file_may_extend_another_and_lack_required_keys(document, schema):
    assert "extends" in document["properties"]
    assert document["anyOf"] == [{"required": ["extends"]}, {"required": ["epochs"]}]
    part = json_schema(schema, file=False)
    assert part["required"] == ["epochs"] and "extends" not in part["properties"]


def test_a_component_section_is_one_of_its_components(document):
    section = document["properties"]["optimizer"]
    assert (section["description"], section["default"]) == ("update rule", "sgd")
    bare, adam, sgd = section["oneOf"]
    assert bare == {"enum": ["sgd"]}
    assert adam["properties"]["name"] == {"const": "adam"}
    assert adam["required"] == ["name", "lr"]
    assert adam["additionalProperties"] is False
    assert sgd["properties"]["momentum"]["exclusiveMaximum"] == 1
    assert sgd["required"] == ["name"]
    assert {"type": "null"} in document["properties"]["second"]["anyOf"]


def test_a_component_list_holds_single_key_maps_and_bare_names(document):
    entries = document["properties"]["augment"]
    assert (entries["type"], entries["default"]) == ("array", [])
    bare, crop, flip = entries["items"]["oneOf"]
    assert bare == {"enum": ["flip"]}
    assert crop["required"] == ["crop"] and crop["additionalProperties"] is False
    assert crop["properties"]["crop"]["required"] == ["size"]
    assert {"type": "null"} in flip["properties"]["flip"]["anyOf"]
