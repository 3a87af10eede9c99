from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.symbol.evaluate import BROKEN, MAX_NUMBER, BrokenValue, evaluate, truth, words
from mxtrain.symbol.expression import ExpressionError

NAMES = {
    "a": 7, "b": 2, "x": 0.5, "yes": True, "kind": "wide", "list": [3, 4, 6], "bad": BROKEN,
    "units": {"18": [2, 2], "50": [3, 4], "deep": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 3", 13), ("a // b", 3), ("a % b", 1), ("a / b", 3.5), ("-a // b", -4), ("b ** 5", 32), ("2 * x", 1.0),
        ("a - -b", 9), ("a > b", True), ("a <= b", False), ("a == 7.0", True), ("yes == true", True), ("a != b", True),
        ("kind == 'wide'", True), ("kind != 'wide'", False), ("not a", False), ("a and 0", False), ("0 or b", True),
        ("1 if yes else 2", 1), ("1 if x > 1 else 2", 2), ("list[1]", 4), ("list[-1]", 6), ("units[50][1]", 4),
        ("units['deep']", 1), ("units[9 * 2]", [2, 2]), ("[3, 4][b - 1]", 4), ("max(a, b, 9)", 9), ("min(list)", 3),
        ("len(list)", 3), ("len(units)", 3), ("list + [1]", [3, 4, 6, 1]), ("[0] * b", [0, 0]), ("1 + yes", 2),
        ("a if yes else bad", 7), ("yes or bad", True), ("list", [3, 4, 6]), ("kind", "wide"), ("true", True),
        ("7.9 // b", 3),
    ],
)  # fmt: skip
def test_values(text, expected):
    value = evaluate(text, NAMES)
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("a + widht", 4, "no parameter 'widht' here; there are: "),
        ("uints[18]", 0, "no parameter 'uints' here; did you mean 'units'?"),
        ("units[19]", 6, "units has no entry '19'; there are: 18, 50, deep"),
        ("[1, 2][5]", 7, "no entry 5 in a list of 2 (the first is 0)"),
        ("list[x]", 5, "a list is indexed by a whole number, got 0.5"),
        ("list[true]", 5, "got true"),
        ("a[0]", 1, "only a list or a table has entries, not 7"),
        ("a // (b - 2)", 2, "7 // 0: a division by zero"),
        ("a % 0", 2, "a division by zero"),
        ("1 / 0", 2, "a division by zero"),
        ("a + kind", 4, "must be a number, got the text 'wide'"),
        ("kind < 'x'", 0, "must be a number"),
        ("a + list", 4, "must be a number, got a list"),
        ("a == kind", 2, "cannot compare 7 with the text 'wide'"),
        ("list == list", 5, "cannot compare a list with a list"),
        ("1 if kind else 2", 5, "a condition must be true, false or a number, got the text"),
        ("not list", 4, "a condition must be"),
        ("list + 1", 5, "a list + must be followed by another list, got 1"),
        ("list * x", 5, "a list * must be followed by a whole number, got 0.5"),
        ("[0] * 1001", 4, "a list of 1001 entries; at most 1000"),
        ("2 ** 65", 2, "an exponent must be a whole number from 0 to 64"),
        ("2 ** x", 2, "an exponent must be"),
        ("b ** 60", 2, "a number beyond 2**53"),
        ("1e300 * 1e300", 0, "a number beyond 2**53"),
        ("max()", 0, "max needs at least one number"),
        ("len(a)", 0, "len takes one list or table"),
        ("min(kind)", 0, "must be a number"),
        ("-kind", 1, "must be a number"),
    ],
)
def test_what_cannot_be_computed(text, offset, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, NAMES)
    assert (caught.value.offset, message in caught.value.message) == (offset, True), caught.value.message


@pytest.mark.parametrize("text", ["bad", "a + bad", "bad if yes else 1", "[bad]", "t[0]", "u['k']"])
def test_a_broken_value_breaks_what_needs_it(text):
    with pytest.raises(BrokenValue):
        evaluate(text, {**NAMES, "t": [BROKEN], "u": {"k": BROKEN}})


def test_truth_and_words():
    assert truth(0.0) is False and truth(3) is True
    assert [words(v) for v in (True, 2, "x", [1], {}, None)] == [
        "true", "2", "the text 'x'", "a list", "a table", "no value",
    ]  # fmt: skip


OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod}
SMALL = st.integers(-50, 50)


@st.composite
def sums(draw, depth=3):
    """(text, value) of a random expression of whole numbers; None where it divides by zero."""
    if depth == 0 or draw(st.booleans()):
        n = draw(SMALL)
        return f"{n}", n
    (a, x), (b, y) = draw(sums(depth - 1)), draw(sums(depth - 1))
    sign = draw(st.sampled_from(sorted(OPERATORS)))
    if x is None or y is None or (sign in ("//", "%") and y == 0):
        return f"({a}) {sign} ({b})", None
    return f"({a}) {sign} ({b})", OPERATORS[sign](x, y)


@given(sums())
def test_whole_numbers_are_pythons(case):
    text, expected = case
    try:
        assert evaluate(text, {}) == expected
    except ExpressionError as error:
        assert expected is None and "zero" in error.message


WORD = st.sampled_from(
    ["a", "b", "x", "yes", "kind", "list", "units", "1", "0", "2.5", "'18'", "+", "-", "*", "/", "//", "%", "**", "<",
     "==", "(", ")", "[", "]", ",", "if", "else", "and", "or", "not", "max(", "min(", "len("]
)  # fmt: skip


@given(st.lists(WORD, max_size=25).map(" ".join))
def test_any_expression_gives_a_value_or_a_place(text):
    try:
        value = evaluate(text, NAMES)
    except ExpressionError as error:
        assert 0 <= error.offset <= len(text)
        return
    assert isinstance(value, bool | int | float | str | list | dict)
    if isinstance(value, int | float):
        assert abs(value) <= MAX_NUMBER
