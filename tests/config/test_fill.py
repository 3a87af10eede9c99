from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.config.dump import dump
from mxtrain.config.fill import fill, read, resolve
from mxtrain.config.load import loads
from mxtrain.config.tree import Tree
from mxtrain.data import augment
from mxtrain.optim import schedules

BAD = """\
epochs: 0
eta: 3
shuffle: no
layers:
  - {kernal: 3}
  - 5
name: a b
optimizer: {name: sgd, lr: abc, weight_decay: 1}
classes: {z: cat, 1: 3}
"""


def test_every_problem_in_the_order_of_the_file(heads, schema):
    assert heads(read, loads(BAD, "f", ["scales.x=y", "zzz=1"]), schema) == [
        "f:1:9: epochs: must be a whole number >= 1, got 0",
        "f:2:1: eta: unknown key 'eta'; mxtrain calls it optimizer.lr",
        "f:3:10: shuffle: must be true or false, got 'no'",
        "f:5:6: layers[0].kernal: unknown key 'kernal'; did you mean 'kernel'?",
        "f:6:5: layers[1]: must be a map, got 5",
        "f:7:7: name: must be a text that matches ^[A-Za-z0-9._/-]{1,128}$, got 'a b'",
        "f:8:28: optimizer.lr: must be a number > 0, got 'abc'",
        "f:8:33: optimizer.weight_decay: unknown key 'weight_decay'; mxtrain calls it optimizer.wd",
        "f:9:11: classes.z: must be a whole number, got 'z'",
        "f:9:22: classes.1: must be a text, got 3; put it in quotes",
        "command line: zzz=1: zzz: unknown key 'zzz'; there are: epochs, name, shuffle, batch_size, steps, warmup, "
        "layers, scales, classes, from, optimizer, second, augment",
        "command line: scales.x=y: scales.x: must be a number, got 'y'",
    ]


def test_a_missing_key_is_placed_at_its_section(heads, schema):
    assert heads(read, loads("# x\nname: a\n", "f"), schema) == ["f:2:1: missing key 'epochs' (a whole number >= 1)"]


def test_the_line_and_the_caret(refused, schema):
    (problem,) = refused(read, loads("epochs: 1\nscales: {a: x}\n", "f"), schema)
    assert problem.split("\n")[1:] == ["    scales: {a: x}", "                ^"]


def test_a_subtree(refused, schema):
    tree = loads("fit:\n  epochs: x\n", "f")
    (problem,) = refused(read, tree.at(("fit",)), schema)
    assert problem.startswith("f:2:11: fit.epochs: must be a whole number >= 1, got 'x'\n")


def test_own_hints(heads, schema):
    tree = loads("epochs: 1\neta: 1\nlayer: 2\n", "f")
    assert (
        heads(lambda: read(tree, schema, {"layer": "layers"}))[1]
        == "f:3:1: layer: unknown key 'layer'; mxtrain calls it layers"
    )
    assert "calls it" not in heads(lambda: read(tree, schema, {}))[0]


def test_a_hint_never_names_the_place_where_the_key_stands(heads, schema):
    (head,) = heads(read, loads("epochs: 1\noptimizer: {name: adam, lr: 1, momentum: 0}\n", "f"), schema)
    assert head == "f:2:32: optimizer.momentum: unknown key 'momentum'; there are: lr, flags"


def test_a_whole_config(config, schema):
    record, problems = fill(loads(config), schema)
    assert problems == []
    assert (record.epochs, record.batch_size, record.optimizer.name) == (10, "auto", "adam")
    assert [layer.kernel for layer in record.layers] == [(3, 3), (3, 5)]
    assert record.classes == {0: "cat", 1: "no"}
    assert record.source == "x: y"


def test_the_resolved_config_reads_back_as_the_same_record(config, schema):
    tree = loads(config, "f", ["seed=1", "~seed"])
    record = read(tree, schema)
    resolved = resolve(record, tree)
    assert resolved.data["shuffle"] is True
    assert (resolved.origin(("epochs",)), resolved.origin(("shuffle",))) == ("f:2", "default")
    again = loads(dump(resolved))
    assert again.data == resolved.data
    assert read(again, schema) == record


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.sampled_from(["sgd", "flip", "auto", "3", ""])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "lr", "kernel", "flip", "crop", "size", "p", "z"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(data=st.data())
def test_any_value_under_any_key(data, schema):
    keys = [
        "epochs",
        "name",
        "batch_size",
        "warmup",
        "layers",
        "scales",
        "classes",
        "optimizer",
        "second",
        "augment",
        "zz",
    ]
    instance, problems = fill(Tree(data.draw(st.dictionaries(st.sampled_from(keys), VALUES))), schema)
    assert (instance is None) == bool(problems)
    assert all("Input should" not in problem for problem in problems)


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_not_a_map(data, schema):
    assert fill(Tree(data), schema)[1][0].startswith("must be a map, got ")


def test_a_misspelt_key_is_one_problem_not_a_missing_one_too():
    crop, decay = augment.REGISTRY.get("random_crop").params, schedules.REGISTRY.get("multi_factor").params
    for schema, text, hint in (
        (crop, "{sizes: 8}", "unknown key 'sizes'; did you mean 'size'?"),
        (decay, "{step: [1]}", "unknown key 'step'; did you mean 'steps'?"),
    ):
        (problem,) = fill(loads(text), schema)[1]
        assert hint in problem
    assert len(fill(loads("{colour: 8}"), crop)[1]) == 2
