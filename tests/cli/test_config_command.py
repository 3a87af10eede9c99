"""mxtrain config: show, diff, schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mxtrain.config.load import load, loads

FOLDER = Path(__file__).parents[2] / "configs"


def accepts(schema, value, root):
    """Whether a JSON Schema accepts a value: as much of the language as ours use."""
    if "$ref" in schema:
        names = schema["$ref"].removeprefix("#/").split("/")
        part = root
        for name in names:
            part = part[name]
        if not accepts(part, value, root):
            return False
    if "anyOf" in schema and not any(accepts(s, value, root) for s in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(accepts(s, value, root) for s in schema["oneOf"]) != 1:
        return False
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        return False
    if "type" in schema:
        kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        if not any(is_a(value, kind) for kind in kinds):
            return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        for key, item in value.items():
            if key in known and not accepts(known[key], item, root):
                return False
            if key not in known and (more is False or (isinstance(more, dict) and not accepts(more, item, root))):
                return False
        if any(key not in value for key in schema.get("required", ())):
            return False
        return schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return False
        first = schema.get("prefixItems", [])
        items = [*first, *[schema.get("items", {})] * (len(value) - len(first))]
        return all(accepts(s, v, root) for s, v in zip(items, value, strict=False) if isinstance(s, dict))
    if isinstance(value, str):
        return "pattern" not in schema or re.search(schema["pattern"], value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (
            schema.get("minimum", value) <= value <= schema.get("maximum", value)
            and not value <= schema.get("exclusiveMinimum", value - 1)
            and not value >= schema.get("exclusiveMaximum", value + 1)
        )
    return True


def is_a(value, kind):
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "integer": number and value == int(value),
        "number": number,
    }[kind]


@pytest.fixture
def schema(mx):
    return json.loads(mx("config", "schema").out)


@pytest.mark.parametrize("path", sorted(p.name for p in FOLDER.glob("*.yaml")))
def test_the_schema_accepts_the_shipped_configs(schema, path):
    assert accepts(schema, load(FOLDER / path).data, schema)


@pytest.mark.parametrize("path", sorted(p.name for p in (FOLDER / "nets").glob("*.yaml")))
def test_the_schema_accepts_the_shipped_nets(mx, path):
    schema = json.loads(mx("config", "schema", "net").out)
    assert accepts(schema, load(FOLDER / "nets" / path).data, schema)


def test_the_schema_accepts_a_filled_config(mx, schema, config):
    assert accepts(schema, loads(mx("config", "show", config).out).data, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": -1},
        {"epochs": "many"},
        {"nope": 1},
        {"optimizer": {"name": "sgd", "nope": 1}},
        {"optimizer": "nope"},
        {"augment": [{"flip": {"direction": "sideways"}}]},
        {"net": [{"convolution": {"num_filter": 1}}]},
        {"net": [{"convolution": {"num_filter": 1, "kernel": 3, "nope": 1}}]},
        {"net": 3},
    ],
)
def test_the_schema_refuses(schema, config, change):
    good = load(config).data
    assert accepts(schema, good, schema) and not accepts(schema, {**good, **change}, schema)


def test_every_reference_of_the_schema_leads_somewhere(schema):
    wanted = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema)))
    assert wanted and wanted <= set(schema["$defs"])


def test_show(mx, config):
    said = mx("config", "show", config, "optimizer.lr=0.25")
    shown = loads(said.out).data
    assert said.code == 0 and shown["optimizer"]["lr"] == 0.25 and shown["checkpoint"]["keep_last"] == 3
    assert mx("config", "show", config, "optimizer.lr=0.25", "--json").lines == [shown]


def test_what_is_shown_shows_the_same(mx, config, tmp_path):
    text = mx("config", "show", config).out
    (tmp_path / "again.yaml").write_text(text)
    assert mx("config", "show", tmp_path / "again.yaml").out == text


def test_origins(mx, config):
    lines = mx("config", "show", config, "epochs=7", "--origin").out.splitlines()
    assert "epochs: 7  # command line" in lines
    assert f"batch_size: 8  # {config}:14" in lines
    assert "seed: 0  # default" in lines


def test_diff(mx, config, tmp_path):
    (tmp_path / "other.yaml").write_text(config.read_text().replace("lr: 0.1", "lr: 0.2, momentum: 0.9"))
    said = mx("config", "diff", config, tmp_path / "other.yaml")
    assert said.code == 0
    assert [line.split() for line in said.out.splitlines()[2:]] == [
        ["optimizer.lr", "0.1", "0.2"],
        ["optimizer.momentum", "0.0", "0.9"],
    ]
    assert mx("config", "diff", config, tmp_path / "other.yaml", "--json").lines == [
        [
            {"key": "optimizer.lr", "left": 0.1, "right": 0.2},
            {"key": "optimizer.momentum", "left": 0.0, "right": 0.9},
        ]
    ]


def test_diff_of_equals_is_empty(mx, config):
    assert mx("config", "diff", config, config) == (0, "", "")


def test_a_run_stands_for_its_config(mx, config, trained):
    lines = mx("config", "diff", config, trained).out.splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["data.root", "log.progress"]
    assert mx("config", "show", trained / "checkpoints/last").code == 0


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["nope"],
        ["show"],
        ["show", "nope.yaml"],
        ["diff", "digits"],
        ["diff", "digits", "digits", "digits"],
        ["schema", "nope"],
        ["schema", "--origin"],
        ["show", "digits", "--origin", "--json"],
        ["show", "digits", "nope=1"],
    ],
)
def test_mistakes(mx, args):
    said = mx("config", *args)
    assert said.code == 2 and said.err and not said.out
