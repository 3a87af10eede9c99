from __future__ import annotations

import pytest

from mxtrain.config.component import Chosen, plain
from mxtrain.config.fill import fill, read
from mxtrain.config.load import loads


@pytest.fixture
def first_lines(schema):
    return lambda text: [p.split("\n")[0] for p in fill(loads(f"epochs: 1\n{text}", "f"), schema)[1]]


@pytest.fixture
def filled(schema):
    return lambda text: read(loads(f"epochs: 1\n{text}", "f"), schema)


def test_a_section(filled):
    chosen = filled("optimizer: {name: adam, lr: 1}").optimizer
    assert (chosen.name, chosen.params.lr) == ("adam", 1.0)


def test_a_bare_name_and_the_default_are_the_same(filled):
    assert filled("optimizer: sgd").optimizer == filled("optimizer: {name: sgd}").optimizer == filled("").optimizer
    assert filled("").optimizer.params.lr == 0.01


def test_none_of_them(filled):
    assert filled("").second is None
    assert filled("second: null").second is None
    assert filled("second: sgd").second.name == "sgd"


def test_a_list_keeps_its_order(filled):
    assert filled("").augment == ()
    chosen = filled("augment: [flip, {crop: {size: 3}}, {flip: {p: 1}}, flip: ]").augment
    assert [c.name for c in chosen] == ["flip", "crop", "flip", "flip"]
    assert chosen[1].params.size == (3, 3)
    assert [c.params.p for c in (chosen[0], chosen[2], chosen[3])] == [0.5, 1.0, 0.5]


def test_given_from_python(schema, filled):
    chosen = filled("optimizer: {name: sgd, lr: 7}\naugment: [flip]")
    assert schema(epochs=1, optimizer=chosen.optimizer, augment=chosen.augment).optimizer.params.lr == 7


NAMES = "there are: adam, sgd"
SECTIONS = [
    ("sdg", "2:12: optimizer: no optimizer 'sdg'; did you mean 'sgd'?"),
    ("os.system", f"2:12: optimizer: no optimizer 'os.system'; {NAMES}"),
    ("__class__", f"2:12: optimizer: no optimizer '__class__'; {NAMES}"),
    ("{name: adma, x: 1}", "2:19: optimizer.name: no optimizer 'adma'; did you mean 'adam'?"),
    ("{name: [sgd]}", f"2:19: optimizer.name: must be the name of an optimizer, got a list; {NAMES}"),
    ("{lr: 1}", f"2:1: optimizer: missing key 'name', which chooses the optimizer; {NAMES}"),
    ("{sgd: {lr: 1}}", "2:1: optimizer: missing key 'name', which chooses the optimizer; write {name: sgd, ...}"),
    ("3", "2:12: optimizer: must be the name of an optimizer or a map with its name, got 3"),
    ("", "2:11: optimizer: must be the name of an optimizer or a map with its name, got null"),
    ("adam", "2:1: optimizer: missing key 'lr' (a number > 0)"),
    ("{name: adam, lr: -1}", "2:29: optimizer.lr: must be a number > 0, got -1"),
    ("{name: adam, lr: 1, rl: 2}", "2:32: optimizer.rl: unknown key 'rl'; there are: lr, flags"),
    ("{name: adam, lr: 1, flags: {a: on}}", "2:43: optimizer.flags.a: must be true or false, got 'on'"),
]


@pytest.mark.parametrize(("text", "problem"), SECTIONS)
def test_wrong_sections(first_lines, text, problem):
    assert first_lines(f"optimizer: {text}") == [f"f:{problem}"]


ENTRY = "augment[0]: must be the name of an augmenter or a map NAME: {...}, got"
LISTS = [
    ("flip", "2:10: augment: must be a list, got 'flip'; write [flip]"),
    ("{flip: {}}", "2:10: augment: must be a list, got a map; write - NAME: {...}, one entry a line"),
    ("[flap]", "2:11: augment[0]: no augmenter 'flap'; did you mean 'flip'?"),
    ("[{flap: {}}]", "2:12: augment[0].flap: no augmenter 'flap'; did you mean 'flip'?"),
    ("[{}]", f"2:11: {ENTRY} an empty map"),
    ("[3]", f"2:11: {ENTRY} 3"),
    ("[[flip]]", f"2:11: {ENTRY} a list"),
    ("[{crop: 3}]", "2:18: augment[0].crop: must be a map of the parameters of 'crop', got 3"),
    ("[{flip: {p: 2}}]", "2:22: augment[0].flip.p: must be a number >= 0 and <= 1, got 2"),
    (
        "[{crop: , size: 3}]",
        "2:11: augment[0]: must be one name with its parameters, got the keys 'crop', 'size'; "
        "indent the parameters of 'crop' further",
    ),
]


@pytest.mark.parametrize(("text", "problem"), LISTS)
def test_wrong_lists(first_lines, text, problem):
    assert first_lines(f"augment: {text}") == [f"f:{problem}"]


def test_a_missing_parameter_of_a_bare_entry(first_lines):
    (line,) = first_lines("augment: [crop]")
    assert line.startswith("f:2:11: augment[0]: missing key 'size' (")


def test_every_entry_is_checked(first_lines):
    assert len(first_lines("augment: [flap, {crop: {size: 0}}, {flip: {p: 2, q: 1}}]\noptimizer: adam")) == 5


def test_plain_data_reads_back(schema, filled):
    record = filled("optimizer: {name: sgd, betas: [0.5, 1]}\naugment: [flip, {crop: {size: 3}}]\nfrom: x")
    data = plain(record)
    assert data["optimizer"] == {"name": "sgd", "lr": 0.01, "momentum": 0.0, "betas": [0.5, 1.0]}
    assert data["augment"] == [{"flip": {"p": 0.5}}, {"crop": {"size": [3, 3]}}]
    assert data["from"] == "x"
    assert schema(**data) == record


def test_a_choice_without_parameters_is_a_bare_name():
    assert plain([Chosen("a", {})]) == ["a"]
    assert plain(Chosen("a", {"x": 1})) == {"name": "a", "x": 1}
