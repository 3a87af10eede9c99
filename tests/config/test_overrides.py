from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import ConfigError
from mxtrain.config.load import loads

TEXT = "a: 1\noptimizer: sgd\naugment:\n  - flip\n  - crop: {size: 32}\nempty:\n"


def data(*tokens):
    return loads(TEXT, "f", tokens).data


@pytest.mark.parametrize(
    ("token", "key", "value"),
    [
        ("a=1e-3", "a", 1e-3),
        ("a=no", "a", "no"),
        ("a='1'", "a", "1"),
        ("a=[1, {b: c}]", "a", [1, {"b": "c"}]),
        ("a={b: 2}", "a", {"b": 2}),
        ("a=", "a", None),
        ("a=+5", "a", "+5"),
        ("a=-5", "a", -5),
        ("a=x=y", "a", "x=y"),
        ("new.b.c=2", "new", {"b": {"c": 2}}),
        ("optimizer.lr=0.1", "optimizer", {"name": "sgd", "lr": 0.1}),
        ("empty.x=1", "empty", {"x": 1}),
        ("augment.1.crop.size=28", "augment", ["flip", {"crop": {"size": 28}}]),
        ("augment[1].crop.size=28", "augment", ["flip", {"crop": {"size": 28}}]),
        ("augment.0.flip.p=1", "augment", [{"flip": {"p": 1}}, {"crop": {"size": 32}}]),
        ("augment.0=blur", "augment", ["blur", {"crop": {"size": 32}}]),
        ("~augment.0", "augment", [{"crop": {"size": 32}}]),
    ],
)
def test_edits(token, key, value):
    assert data(token)[key] == value


def test_remove():
    assert "augment" not in data("~augment")
    assert data("a={b: 1, c: 2}", "~a.b")["a"] == {"c": 2}


def test_later_ones_win():
    assert data("a=1", "a=2")["a"] == 2


REFUSED = [
    (["foo"], "foo: must be key=value, or ~key to remove a key"),
    (["--lr", "0.1"], "--lr: write optimizer.lr=0.1, not --lr 0.1"),
    (["--seed=3"], "--seed=3: write seed=3, not --seed=3"),
    (["--num-epochs", "7", "a=2"], "--num-epochs: write epochs=7, not --num-epochs 7"),
    (["--quiet"], "--quiet: write quiet=VALUE, not --quiet"),
    (["–lr=0.1"], "–lr=0.1: you typed an en-dash (–); overrides are written key=value"),
    (["—lr=0.1"], "—lr=0.1: you typed an em-dash (—); overrides are written key=value"),
    (["−lr=0.1"], "−lr=0.1: you typed an odd dash, minus sign (−); overrides are written key=value"),
    (["=1"], "=1: '' is no key; write names with dots between, such as optimizer.lr"),
    (["a..b=1"], "a..b=1: 'a..b' is no key; write names with dots between, such as optimizer.lr"),
    (["~a=1"], "~a=1: '~key' removes a key and takes no value"),
    (["~b"], "~b: b: there is no such key to remove"),
    (["~optimiser"], "~optimiser: optimiser: there is no such key to remove; did you mean 'optimizer'?"),
    (["~b.c"], "~b.c: b: there is no such key to remove"),
    (["a.b=1"], "a.b=1: a is 1, not a map, so there is no a.b"),
    (["augment.2=x"], "augment.2=x: augment is a list, and has no entry '2': its entries are numbered 0 to 1"),
    (["augment.x=1"], "augment.x=1: augment is a list, and has no entry 'x': its entries are numbered 0 to 1"),
    (["a=[1"], "a=[1: the bracket that opens here is never closed"),
    (["a=#f00"], "a=#f00: a comment, not a value; quote a text that starts with '#'"),
    (["a=*_weight"], "a=*_weight: the alias '*_weight' has no '&_weight' before it"),
    (["extends=x"], "extends=x: extends: can stand only in a file"),
    (["a=\udc80"], "a=\\udc80: not valid Unicode"),
    (["a=\0"], "a=\\x00: the character '\\x00' cannot stand in YAML"),
    ([".".join("a" * 51) + "=1"], f"{'.'.join('a' * 51)}=1: more than 50 levels deep"),
]


@pytest.mark.parametrize(("tokens", "begins"), REFUSED, ids=range(len(REFUSED)))
def test_refused(heads, tokens, begins):
    (head,) = heads(loads, TEXT, "f", tokens)
    assert head.startswith(f"command line: {begins}")


def test_the_caret_is_under_the_value(refused):
    (problem,) = refused(loads, TEXT, "f", ["a=[1, @]"])
    assert problem.split("\n")[1:] == ["    a=[1, @]", "          ^"]


def test_all_of_them_at_once(heads):
    assert len(heads(loads, TEXT, "f", ["x", "--lr", "3", "a=[", "b=1"])) == 3
    assert len(heads(loads, TEXT, "f", ["~x", "a.b=1", "b=1"])) == 2


PIECES = [
    "a",
    "augment",
    "optimizer",
    "0",
    "1",
    ".",
    "[",
    "]",
    "=",
    "~",
    "-",
    "--",
    "–",
    "+5",
    "{",
    "}",
    ",",
    ": ",
    "'",
]


@given(st.lists(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=9).map("".join)), max_size=4))
def test_any_tokens(tokens):
    try:
        loads(TEXT, "f", tokens)
    except ConfigError as error:
        assert all(problem.startswith("command line: ") for problem in error.problems)
