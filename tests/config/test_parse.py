from __future__ import annotations

import time

import pytest
import yaml

from mxtrain.config import parse as module
from mxtrain.config.load import loads
from mxtrain.config.tree import MAX_DEPTH


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request, monkeypatch):
    """Both parsers of the YAML library: the one in C is not there everywhere."""
    if not hasattr(yaml, request.param):
        pytest.skip(f"this yaml has no {request.param}")
    monkeypatch.setattr(module, "_LOADER", getattr(yaml, request.param))


def test_every_key_and_value_has_its_position(loader):
    tree = loads("a:\n  - é: 'ü'\n    b: [1, {c: 2}]\nd: |\n  text\n", "f")
    assert tree.data == {"a": [{"é": "ü", "b": [1, {"c": 2}]}], "d": "text\n"}
    places = {path: (where.line, where.column) for path, where in tree.values.items()}
    assert places == {
        (): (1, 1),
        ("a",): (2, 3),
        ("a", 0): (2, 5),
        ("a", 0, "é"): (2, 8),
        ("a", 0, "b"): (3, 8),
        ("a", 0, "b", 0): (3, 9),
        ("a", 0, "b", 1): (3, 12),
        ("a", 0, "b", 1, "c"): (3, 16),
        ("d",): (4, 4),
    }
    keys = {path: (where.line, where.column) for path, where in tree.keys.items()}
    assert keys == {
        ("a",): (1, 1),
        ("a", 0, "é"): (2, 5),
        ("a", 0, "b"): (3, 5),
        ("a", 0, "b", 1, "c"): (3, 13),
        ("d",): (4, 1),
    }


def test_keys_are_texts(loader):
    assert loads("1: a\ntrue: b\n").data == {"1": "a", "true": "b"}


def test_quoted_values_are_texts(loader):
    assert loads("a: '1'\nb: \"no\"\nc: 1\n").data == {"a": "1", "b": "no", "c": 1}


def test_aliases_are_copies_with_the_position_of_what_they_name(loader):
    tree = loads("a: &x {k: 1}\nb: *x\n", "f", ["b.k=2"])
    assert tree.data == {"a": {"k": 1}, "b": {"k": 2}}
    assert tree.position(("b",), key=True)[1:3] == (2, 1)
    assert tree.values["a", "k"][1:3] == (1, 11)


REFUSED = [
    ("a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' stands here twice, first at f:1:1"),
    ("a: {b: 1, 'b': 2}\n", "f:1:11: the key 'b' stands here twice, first at f:1:5"),
    ("a: 1\n<<: {b: 1}\n", "f:2:1: '<<' is not part of YAML 1.2; write the keys out, or use 'extends'"),
    (
        "a: !!python/object/apply:os.system [ls]\n",
        "f:1:4: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is",
    ),
    ("a: !x 1\n", "f:1:4: the tag '!x' is not allowed"),
    ("? [a]\n: 1\n", "f:1:3: a key must be a word, not a list or map"),
    ("a: 1\n'': 2\n", "f:2:1: a key is missing before ':'"),
    ("a: *x\n", "f:1:4: the alias '*x' has no '&x' before it"),
    ("a: &x [*x]\n", "f:1:8: the alias '*x' stands inside what it names"),
    ("a: &x 1\n*x : 2\n", "f:2:1: a key must be a word; quote a text that starts with '*'"),
    ("a: 1\n---\nb: 2\n", "f:2:1: a second document"),
    ("%YAML 1.2\n---\na: 1\n", "f:1:1: a line cannot start with '%'"),
    ("a: 1\nb: x\0y\n", "f:2:5: the character '\\x00' cannot stand in YAML"),
    ("a: \x1b[2J\n", "f:1:4: the character '\\x1b' cannot stand in YAML"),
    ("a: \ufeff\n", "f:1:4: the character '\\ufeff' cannot stand in YAML"),
    (f"{'k' * 129}: 1\n", "f:1:1: a key of more than 128 characters"),
    (f"a: {'[' * 60}\n", f"f:1:53: more than {MAX_DEPTH} levels deep"),
    ("[a]\n", "f:1:1: must be a map of keys, such as 'epochs: 10', got a list"),
    ("12\n", "f:1:1: must be a map of keys, such as 'epochs: 10', got 12"),
    ("", "f:1:1: nothing in it; a config is a map of keys, such as 'epochs: 10'"),
    ("# only this\n", "f:1:1: nothing in it"),
]


@pytest.mark.parametrize(("text", "begins"), REFUSED, ids=range(len(REFUSED)))
def test_refused(loader, heads, text, begins):
    (head,) = heads(loads, text, "f")
    assert head.startswith(begins)


def test_all_of_them_at_once(loader, heads):
    assert [head.split(":")[1] for head in heads(loads, "a: !x 1\na: 2\n<<: 3\nb: [1\n", "f")][:3] == ["1", "2", "3"]


def test_alias_bomb_is_refused_at_once(loader, heads):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    start = time.perf_counter()
    (head,) = heads(loads, "\n".join(lines), "f")
    assert time.perf_counter() - start < 1
    assert "more than 100000 values in all (aliases count as often as they are used)" in head


def test_aliases_cannot_build_depth(loader, heads):
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 60)]
    (head,) = heads(loads, "\n".join(lines), "f")
    assert "levels deep" in head


HOSTILE = {
    "flow lists": "a: " + "[" * 900_000,
    "block lists": "- " * 450_000,
    "questions": "? " * 450_000,
    "bangs": "a: " + "!" * 900_000,
    "tag directives": "".join(f"%TAG !a{i}! x\n" for i in range(60_000)),
    "anchors": "- &a x\n" * 100_000,
    "newlines": "\n" * 900_000,
    "one quote": "a: '" + "x\n" * 450_000,
    "digits": "a: " + "9" * 900_000,
    "empty lists": "a: [" + "[]," * 300_000,
    "long key": "a" * 900_000 + ": 1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_no_time(name):
    start = time.perf_counter()
    try:
        loads(HOSTILE[name])
    except module.ConfigError:
        pass
    assert time.perf_counter() - start < 5
