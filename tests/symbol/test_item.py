from __future__ import annotations

import pytest

from mxtrain.config.load import loads
from mxtrain.symbol.item import read_item, unknown


def read(text, blocks=()):
    problems = []
    item = read_item(loads(f"net:\n- {text}", "n.yaml").at(("net",)), 0, blocks, problems)
    return item, [p.splitlines()[0] for p in problems]


@pytest.mark.parametrize(
    ("text", "what", "data"),
    [
        ("flatten", "flatten", {}), ("flatten:", "flatten", {}), ("pooling: {kernel: 2}", "pooling", {"kernel": 2}),
        ("add", "add", {}), ("unit: {w: 1}", "unit", {"w": 1}), ("branches: [[], []]", "branches", [[], []]),
    ],
)  # fmt: skip
def test_entries(text, what, data):
    item, problems = read(text, ["unit"])
    assert problems == []
    assert (item.what, item.tree.data) == (what, data)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("3", "n.yaml:2:3: net[0]: a layer is a name or a map NAME: {...}, got 3"),
        ("{}", "n.yaml:2:3: net[0]: a layer is a name or a map NAME: {...}, got an empty map"),
        ("[flatten]", "n.yaml:2:3: net[0]: a layer is a name or a map NAME: {...}, got a list"),
        ("flaten", "n.yaml:2:3: net[0]: no operator or block 'flaten'; did you mean 'flatten'?"),
        ("untt: {}", "n.yaml:2:3: net[0].untt: no operator or block 'untt'; did you mean 'unit'?"),
        ("flatten: 3", "n.yaml:2:12: net[0].flatten: flatten takes a map of its parameters, got 3"),
        ("branches: 3", "n.yaml:2:13: net[0].branches: branches takes the lists of layers of its branches, got 3"),
        ("branches", "n.yaml:2:3: net[0]: branches needs its lists of layers"),
        (
            "branches:",
            "n.yaml:2:12: net[0].branches: branches takes the lists of layers of its branches, got an empty map",
        ),
        (
            "pooling:\n  kernel: 2",
            "n.yaml:2:3: net[0]: a layer is one name with its parameters, got the keys 'pooling', 'kernel'; "
            "indent the parameters of 'pooling' further",
        ),
        (
            "branches: []\n  merge: concat",
            "n.yaml:2:3: net[0]: a layer is one name with its parameters, got the keys 'branches', 'merge'",
        ),
    ],
)
def test_what_is_no_entry(text, problem):
    item, problems = read(text, ["unit"])
    assert item is None
    assert problems == [problem]


@pytest.mark.parametrize(
    ("name", "ours"),
    [("Convolution", "convolution"), ("conv2d", "convolution"), ("Dense", "fully_connected"), ("bn", "batch_norm"),
     ("ElementWiseSum", "add_n"), ("shortcut", "add")],
)  # fmt: skip
def test_other_tools_names_are_hints(name, ours):
    assert unknown(name, []) == f"no operator or block {name!r}; mxtrain calls it {ours!r}"


def test_a_key_of_a_layer_is_no_layer():
    assert unknown("repeat", []) == "'repeat' is a key of a layer; put it among its parameters"
