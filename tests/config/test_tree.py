from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.config.load import loads
from mxtrain.config.tree import MAX_DEPTH, Node, Position, Tree, grow, printable, show, show_path

TEXT = """\
epochs: 3
net:
  - convolution: {kernel: 3}
  - dropout
"""


@pytest.fixture
def tree():
    return loads(TEXT, "a.yaml", ["net[0].convolution.stride=2"])


def test_problem_shows_position_path_line_and_caret(tree):
    assert tree.problem(("net", 0, "convolution", "kernel"), "too large") == (
        "a.yaml:3:27: net[0].convolution.kernel: too large\n"
        "      - convolution: {kernel: 3}\n"
        "                              ^"
    )
    assert tree.problem(("net", 0, "convolution", "kernel"), "odd", key=True).startswith("a.yaml:3:19: ")


def test_problem_of_the_command_line(tree):
    assert tree.problem(("net", 0, "convolution", "stride"), "no") == (
        "command line: net[0].convolution.stride=2: net[0].convolution.stride: no\n"
        "    net[0].convolution.stride=2\n"
        "                              ^"
    )


def test_subtree_keeps_absolute_paths_and_positions(tree):
    part = tree.at(("net", 0)).at(("convolution",))
    assert part.data == {"kernel": 3, "stride": 2}
    assert part.problem(("kernel",), "x").startswith("a.yaml:3:27: net[0].convolution.kernel: x")
    assert part.origin(("kernel",)) == "a.yaml:3"


@pytest.mark.parametrize("path", [("nothing",), ("net", 7), ("epochs", "x"), ("net", "x")])
def test_no_subtree(tree, path):
    with pytest.raises(KeyError):
        tree.at(path)


def test_what_is_absent_is_placed_at_the_nearest_thing_around_it(tree):
    assert tree.position(("net", 1, "p")) == Position("a.yaml", 4, 5, "  - dropout")
    assert tree.position(("zzz",)) == Position("a.yaml", 1, 1, "epochs: 3")


def test_origin(tree):
    assert tree.origin(("epochs",)) == "a.yaml:1"
    assert tree.origin(("net", 0, "convolution", "stride")) == "command line"
    assert tree.origin(("seed",)) == "default"


def test_origin_of_a_bare_name():
    tree = loads("optimizer: sgd\nsave: {every: 1}\n", "a.yaml")
    filled = Tree({"optimizer": {"name": "sgd", "lr": 1}, "save": {"every": 1, "name": "x"}}, tree.values, tree.keys)
    assert filled.origin(("optimizer", "name")) == "a.yaml:1"
    assert filled.origin(("optimizer", "lr")) == "default"
    assert filled.origin(("save", "name")) == "default"


def test_tree_without_positions():
    assert Tree({"a": 1}).problem(("a",), "bad") == "a: bad"
    assert Tree({"a": 1}).problem((), "bad") == "bad"
    assert Tree({"a": 1}).origin(("a",)) == "default"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("net", 4, "convolution", "kernel"), "net[4].convolution.kernel"),
        (("init", "conv0.*"), "init['conv0.*']"),
        ((0, "a-b"), "[0].a-b"),
    ],
)
def test_show_path(path, text):
    assert show_path(path) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "null"), ({}, "an empty map"), ([1], "a list"), ("a\nb", r"'a\nb'"), (0.5, "0.5")],
)
def test_show(value, text):
    assert show(value) == text


def test_show_is_short():
    assert len(show("x" * 10**6)) < 70
    assert len(show(10**60)) < 70


def test_printable_escapes_what_a_terminal_would_obey():
    assert printable("a\x1b[2J\n\udc80é") == r"a\x1b[2J\n\udc80é"


def test_long_and_wide_lines_keep_the_caret_under_the_column():
    line = "x" * 1000 + "!" + "y" * 1000
    shown, caret = Position("f", 1, 1001, line).problem("m").split("\n")[1:]
    assert shown[caret.index("^")] == "!"
    shown, caret = Position("f", 1, 3, "名前: 1").problem("m").split("\n")[1:]
    assert caret.index("^") == len("    ") + 4


def test_too_deep():
    node = Node(1, Position("f", 1, 1))
    for _ in range(MAX_DEPTH + 1):
        node = Node([node], Position("f", 1, 1))
    with pytest.raises(ConfigError, match="levels deep"):
        grow(node)
