from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.symbol.expression import MAX_DEPTH, ExpressionError, Part, parse, tokens


def shape(part):
    """The parts as nested tuples without places."""
    if not isinstance(part, Part):
        return part
    args = tuple(shape(a) for a in part.args)
    return args[0] if part.kind in ("value", "name") else (part.kind, *args)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", ("+", "a", ("*", "b", "c"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("(a - b) // c", ("//", ("-", "a", "b"), "c")),
        ("-a ** 2", ("negative", ("**", "a", 2))),
        ("2 ** 3 ** 2", ("**", 2, ("**", 3, 2))),
        ("2 ** -1", ("**", 2, ("negative", 1))),
        ("not a < b and c or d", ("or", ("and", ("not", ("<", "a", "b")), "c"), "d")),
        ("a if b else c if d else e", ("if", "b", "a", ("if", "d", "c", "e"))),
        ("t[a][b + 1]", ("index", ("index", "t", "a"), ("+", "b", 1))),
        ("[1, 2,][0]", ("index", ("list", 1, 2), 0)),
        ("max(a, min(b, 2))", ("call", "max", "a", ("call", "min", "b", 2))),
        ("name == 'x y'", ("==", "name", "x y")),
        ("true", True),
        (" 0.5 ", 0.5),
        ("1e-3", 1e-3),
        ("max", "max"),
        ("[]", ("list",)),
    ],
)
def test_precedence(text, expected):
    assert shape(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "expected a number, a name, '(' or '[', got the end"),
        ("a +", 3, "got the end"),
        ("a + * b", 4, "got '*'"),
        ("(a", 2, "expected ')' for the '(' at character 1, got the end"),
        ("t[1", 3, "expected ']' for the '[' at character 2"),
        ("[1 2]", 3, "expected ',' or ']' for the '[' at character 1, got '2'"),
        ("a b", 2, "expected an operator or the end, got 'b'"),
        ("a if b", 6, "expected 'else' for the 'if' at character 3, got the end"),
        ("a < b < c", 6, "comparisons do not chain; write a < b and b < c"),
        ("a = b", 2, "'=' means nothing here; compare with =="),
        ("a && b", 2, "write and, or, not"),
        ("a; b", 1, "';' means nothing here"),
        ("a.b", 1, "'.' means nothing here"),
        ("3 x 3", 2, "expected an operator or the end, got 'x'"),
        ("3x", 0, "a number that cannot be read"),
        ("1.2.3", 0, "a number that cannot be read"),
        ("'abc", 0, "the quote that opens here is never closed"),
        ("open(1)", 0, "no function 'open'; there are: max, min, len"),
        ("if", 0, "got 'if'"),
        ("a\u00b2", 1, "means nothing here"),
        ("1" * 2000, 0, "an expression of 2000 characters"),
    ],
)
def test_what_cannot_be_read(text, offset, message):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert message in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["(" * 500, "[" * 500, "-" * 900 + "a", "not " * 200 + "a", "+".join("a" * 400), "a" + "[0]" * 300,
     "**".join("2" * 300), "1 if 1 else " * 80 + "1", "max(" * 240],
)  # fmt: skip
def test_limits(text):
    with pytest.raises(ExpressionError, match=rf"{MAX_DEPTH}|never closed|expected"):
        parse(text)


def test_tokens_know_their_place():
    assert [(t.kind, t.text, t.at) for t in tokens(" a//'b' ")] == [
        ("word", "a", 1), ("sign", "//", 2), ("text", "'b'", 4), ("end", "", 7),
    ]  # fmt: skip


@given(st.text(max_size=40) | st.text("ab01 +-*/%<>=()[],'.if else not max", max_size=60))
def test_any_text_is_read_or_refused_inside_itself(text):
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
        assert error.message
