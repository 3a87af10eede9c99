from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import FormatError
from mxtrain.formats.attr_text import MAX_TEXT, attr_text, parse_attr

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
values = scalars | st.recursive(st.lists(scalars, max_size=4).map(tuple), lambda s: st.tuples(s, s), max_leaves=4)


@given(values)
def test_a_value_survives_its_text(value):
    back = parse_attr(attr_text(value))
    assert back == value
    assert type(back) is type(value)


@given(st.text(max_size=60) | st.text("()[],L 1.e-", max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        parse_attr(text)
    except FormatError:
        pass


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(3,3)", (3, 3)), ("(3, 3)", (3, 3)), ("[3, 3]", (3, 3)), ("(3L, 3L)", (3, 3)), ("(3,)", (3,)), ("()", ()),
        ("( 1 , 2 )", (1, 2)), ("((0, 1), (2, 3))", ((0, 1), (2, 3))), ("(None, 2)", (None, 2)), ("True", True),
        ("None", None), ("1e-05", 1e-05), ("-1", -1), ("0", 0), ("0.9", 0.9), ("relu", "relu"), ("null", "null"),
        ("", ""), ("1_000", "1_000"), ("e", "e"), ("١", "١"),
    ],
)  # fmt: skip
def test_spellings_of_real_files(text, value):
    assert parse_attr(text) == value
    assert type(parse_attr(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["(1", "(1 2)", "(1,2))", "(1,2]", "(,)", "(relu)", "(((((1)))))", "1" * (MAX_TEXT + 1)]
)
def test_broken_tuples_and_long_texts_are_refused(text):
    with pytest.raises(FormatError, match="expected"):
        parse_attr(text)


def test_values_are_written_as_mxnet_writes_them():
    assert [attr_text(v) for v in [(3, 3), (3,), (), True, None, 1e-5, 0.9, 64, "relu"]] == [
        "(3, 3)", "(3,)", "()", "True", "None", "1e-05", "0.9", "64", "relu",
    ]  # fmt: skip
    with pytest.raises(TypeError, match="dict"):
        attr_text({})
