from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxtrain.base.errors import ConfigError
from mxtrain.config.fill import fill
from mxtrain.config.load import load, loads
from mxtrain.config.tree import Tree


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def files(**texts):
        for name, text in texts.items():
            path = tmp_path / (name.replace("__", "/") + ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return files


def test_extends_merges_maps_and_keeps_origins(write):
    write(
        base="epochs: 1\nseed: 1\ndata: {train: {path: x, threads: 2}}\naugment: [a, b]\n",
        main="extends: base.yaml\nepochs: 2\ndata: {train: {path: y}}\naugment: [c]\n",
    )
    tree = load("main", ["seed=3"])
    assert tree.data == {"epochs": 2, "seed": 3, "data": {"train": {"path": "y", "threads": 2}}, "augment": ["c"]}
    assert tree.origin(("epochs",)) == "main.yaml:2"
    assert tree.origin(("data", "train", "threads")) == "base.yaml:3"
    assert tree.origin(("seed",)) == "command line"


def test_later_bases_win_and_the_file_over_all(write):
    write(a="x: 1\ny: 1\nz: 1\n", b="y: 2\nz: 2\n", main="extends: [a, b]\nz: 3\n")
    assert load("main.yaml").data == {"x": 1, "y": 2, "z": 3}


def test_a_map_that_names_another_component_replaces(write):
    write(
        a="name: a\noptimizer: {name: sgd, momentum: 0.9}\n",
        b="extends: a\nname: b\noptimizer: {name: adam}\n",
        c="extends: a\noptimizer: {name: sgd, lr: 1}\n",
    )
    assert load("b").data == {"name": "b", "optimizer": {"name": "adam"}}
    assert load("c").data["optimizer"] == {"name": "sgd", "momentum": 0.9, "lr": 1}


def test_extends_is_relative_to_its_file_then_searched(write):
    write(
        sub__main="extends: [near, far]\n",
        sub__near="a: 1\n",
        near="a: 2\n",
        shipped__far="extends: deep/more\nb: 1\n",
        shipped__deep__more="c: 1\n",
    )
    assert load("sub/main", search=["shipped"]).data == {"a": 1, "b": 1, "c": 1}


def test_one_base_may_be_reached_twice(write):
    write(root="a: 1\n", left="extends: root\n", right="extends: root\nb: 2\n", main="extends: [left, right]\n")
    assert load("main").data == {"a": 1, "b": 2}


def test_cycles(write, heads):
    write(a="x: 1\nextends: b\n", b="extends: c\n", c="extends: [b]\n", me="extends: me\n")
    assert heads(load, "a") == ["c.yaml:1:11: extends itself: b.yaml -> c.yaml -> b.yaml"]
    assert heads(load, "me") == ["me.yaml:1:10: extends itself: me.yaml -> me.yaml"]


def test_many_files(write, heads):
    write(**{f"f{i}": f"extends: f{i + 1}\n" for i in range(40)}, f40="a: 1\n")
    assert heads(load, "f0") == ["more than 32 files extend each other"]


def test_wrong_extends(write, heads):
    write(
        bad="a: [\n",
        main="extends: [nothing, 3, ../x, bad]\n",
        odd="extends: {a: 1}\n",
        main2="extends: mian\n",
    )
    assert heads(load, "main", ["nonsense"]) == [
        "main.yaml:1:20: extends: must be the name of a YAML file, or a list of them, got 3",
        "main.yaml:1:11: extends: no file 'nothing'",
        "main.yaml:1:23: extends: must be the name of a file below . or among the shipped ones, got '../x'",
        "bad.yaml:1:5: a value is missing here",
        "command line: nonsense: must be key=value, or ~key to remove a key",
    ]
    assert heads(load, "odd") == [
        "odd.yaml:1:10: extends: must be the name of a YAML file, or a list of them, got a map"
    ]
    assert heads(load, "main2") == ["main2.yaml:1:10: extends: no file 'mian'; did you mean 'main.yaml'?"]


def test_a_text_extends_nothing(heads):
    assert heads(loads, "a: 1\nextends: b\n", "f") == ["f:2:1: only a file can extend another"]


def test_broken_unicode(heads):
    assert heads(loads, "a: \udc80\n", "f") == ["f:1:4: the character '\\udc80' cannot stand in YAML"]


def test_missing_and_empty(write, heads):
    write(empty="", nul="a: \0\n")
    assert heads(load, "empty") == ["empty.yaml:1:1: nothing in it; a config is a map of keys, such as 'epochs: 10'"]
    assert heads(load, "nul") == ["nul.yaml:1:4: the character '\\x00' cannot stand in YAML"]
    assert heads(load, "zzzzzz", ["x"]) == [
        "zzzzzz: no such file",
        "command line: x: must be key=value, or ~key to remove a key",
    ]


def outcome(function, *args):
    """A tree, or None where ConfigError was raised: nothing else may happen."""
    try:
        tree = function(*args)
    except ConfigError as error:
        assert error.problems and all(error.problems)
        return None
    assert isinstance(tree, Tree)
    return tree


SYNTAX = list("abc013.-+:,[]{}&*!|>'\"%@`#?~<= \n\t\r\0é\u2028\ufeff") + [
    "\n  ",
    "\n- ",
    ": ",
    "<<",
    "1e-3",
    "&a ",
    "*a",
    "no",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes(tmp_path, raw):
    (tmp_path / "x.yaml").write_bytes(raw)
    outcome(load, tmp_path / "x.yaml")


@settings(max_examples=300)
@given(st.lists(st.sampled_from(SYNTAX), max_size=60).map("".join))
def test_any_text_that_looks_like_yaml(text):
    outcome(loads, text)


@settings(max_examples=300)
@given(data=st.data())
def test_any_mutation_of_a_config(data, config, schema):
    text = config
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        new = data.draw(st.lists(st.sampled_from(SYNTAX), max_size=4).map("".join))
        text = text[:start] + new + text[end:]
    tree = outcome(loads, text, "f")
    if tree is not None:
        instance, problems = fill(tree, schema)
        assert (instance is None) == bool(problems)
        assert all(problem.startswith("f:") for problem in problems)
