from __future__ import annotations

import pytest

from mxtrain.config.load import loads

CASES = [
    ("a:\n\tb: 1\n", "f:2:1: a tab; YAML is indented with spaces"),
    ("a: [1,\n b: 2\n", "f:1:4: the bracket that opens here is never closed"),
    ("{a: 1\n", "f:1:1: the bracket that opens here is never closed"),
    ("a: 'x\nb: 1\n", "f:1:4: the quote that opens here is never closed"),
    ("a: [1}]\n", "f:1:6: ',' or ']' must follow here, to go on with or close the list"),
    ("a: {b: 1]\n", "f:1:9: ',' or '}' must follow here, to go on with or close the map"),
    ("a: *\n", "f:1:5: a text that starts with '*' or '&' must be quoted"),
    ("a: @b\n", "f:1:4: a value cannot start with '@'; quote it"),
    ("a: `b`\n", "f:1:4: a value cannot start with '`'; quote it"),
    ("a: b: c\n", "f:1:5: a ':' where no key can stand; check the indentation here and above"),
    ("a: 1\nb\n", "f:2:1: a line without ':'; write 'key: value'"),
    ("a:\n  b: 1\n c: 2\n", "f:3:2: this does not fit the lines above; check the indentation"),
    ("a: 'x'y\n", "f:1:7: this does not fit the lines above; check the indentation"),
    ("- a\nb: 1\n", "f:2:1: a list entry must start with '- ', indented like the ones above"),
    ("a: - b\n", "f:1:4: a '- ' where no list entry can stand; put it on a line of its own"),
    ('a: "\\q"\n', "f:1:5: no such escape; write the backslash twice, or use single quotes"),
    ("a: [1,\n", "f:1:7: a value is missing here"),
]


@pytest.mark.parametrize(("text", "begins"), CASES, ids=range(len(CASES)))
def test_each_error_says_what_to_change(heads, text, begins):
    (head,) = heads(loads, text, "f")
    assert head.startswith(begins)


def test_the_line_is_shown(refused):
    (problem,) = refused(loads, "a: 1\nb: @c\n", "f")
    assert problem.split("\n")[1:] == ["    b: @c", "       ^"]
