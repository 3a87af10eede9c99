from __future__ import annotations

from typing import Literal

import pytest

from mxtrain import ops
from mxtrain.base.params import Spatial
from mxtrain.config.load import loads
from mxtrain.symbol.evaluate import BROKEN
from mxtrain.symbol.values import resolve, resolve_params, takes_text


def tree(text):
    return loads(f"v: {text}", "f.yaml").at(("v",))


def value(source, names=None, **how):
    problems = []
    return resolve(tree(source), names or {}, problems, **how), problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 * w", 12), ("'[w, 1]'", [6, 1]), ("[w, 2, w + 1]", [6, 2, 7]), ("{a: w, b: [1]}", {"a": 6, "b": [1]}),
        ("3", 3), ("true", True), ("null", None), ("0.5", 0.5),
    ],
)  # fmt: skip
def test_texts_are_expressions(text, expected):
    assert value(text, {"w": 6}) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("relu", "relu"), ("'unit${w + 1}_${kind}'", "unit7_wide"), ("'${kind}'", "wide"), ("'${w}'", 6),
        ("max", "max"), ("'$w'", "$w"), ("'a${true}'", "atrue"),
    ],
)  # fmt: skip
def test_texts_hold_expressions(text, expected):
    assert value(text, {"w": 6, "kind": "wide"}, text=True) == (expected, [])


@pytest.mark.parametrize(
    ("text", "how", "place"),
    [
        (
            "2 * wdth",
            {},
            "f.yaml:1:8: v: no parameter 'wdth' here; did you mean 'width'?\n    v: 2 * wdth\n           ^",
        ),
        ("'2 * wdth'", {}, "f.yaml:1:9: v: "),
        ("[1, '2 *']", {}, "f.yaml:1:12: v[1]: expected a number"),
        ('"\\x32 * wdth"', {}, "f.yaml:1:4: v: no parameter 'wdth'"),
        ("'a${1 +}'", {"text": True}, "f.yaml:1:11: v: expected a number"),
        ("'a${1'", {"text": True}, "f.yaml:1:6: v: the '${' here is never closed"),
        ("'a${[1]}'", {"text": True}, "f.yaml:1:6: v: a text cannot hold a list"),
    ],
)
def test_problems_name_the_character(text, how, place):
    found, problems = value(text, {"width": 1}, **how)
    assert found is BROKEN
    assert len(problems) == 1 and problems[0].startswith(place)


def test_what_is_broken_already_is_not_told_again():
    assert value("[w, 2]", {"w": BROKEN}) == (BROKEN, [])


def test_values_without_a_position():
    problems = []
    bare = type(tree("1"))("a +", path=("x",))
    assert resolve(bare, {}, problems) is BROKEN
    assert problems == ["x: expected a number, a name, '(' or '[', got the end"]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(int, False), (str, True), (Literal["a", "b"], True), (Spatial, False), (tuple[int, ...] | None, False),
     (str | None, True), (bool, False), (Literal[1, 2], False), (tuple[str, ...], True)],
)  # fmt: skip
def test_takes_text(annotation, expected):
    assert takes_text(annotation) is expected


def test_params_are_read_by_their_types():
    problems = []
    text = "{pool_type: max, kernel: k, stride: [k, 2 * k], global_pool: k > 5, colour: red}"
    found = resolve_params(ops.get("pooling"), tree(text), {"k": 2}, problems)
    assert found == {"pool_type": "max", "kernel": 2, "stride": [2, 4], "global_pool": False, "colour": "red"}
    assert problems == []
