from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.config.load import loads
from mxtrain.config.scalar import resolve, write


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("2E5", 2e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e+3", -1500.0),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_values(text, value):
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    ["no", "off", "yes", "on", "NO", "y", "1:30", "1_000", "0b1", "1e", "e1", ".", "-", "+", "tRue", "1.2.3", "٣"],
)
def test_texts(text):
    assert resolve(text) == text


def test_nan():
    assert math.isnan(resolve(".nan"))


def test_a_number_of_very_many_digits_stays_a_text():
    assert resolve("9" * 5000) == "9" * 5000
    assert resolve("0x" + "f" * 5000) == "0x" + "f" * 5000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1.0e-05"),
        (1e22, "1.0e+22"),
        (0.1, "0.1"),
        (1.0, "1.0"),
        (-math.inf, "-.inf"),
        (math.nan, ".nan"),
        (True, "true"),
        (None, "null"),
        ("true", '"true"'),
        ("No", '"No"'),
        ("12", '"12"'),
        ("1e-3", '"1e-3"'),
        ("", '""'),
        ("a b", '"a b"'),
        ("gpu:0-3", "gpu:0-3"),
        ("a: b", '"a: b"'),
        ("net.yaml", "net.yaml"),
        ("\u2028", '"\\u2028"'),
    ],
)
def test_write(value, text):
    assert write(value) == text


@given(st.one_of(st.text(), st.floats(allow_nan=False), st.integers(-(10**60), 10**60), st.booleans(), st.none()))
def test_what_is_written_reads_back_everywhere(value):
    text = write(value)
    assert loads(f"a: {text}\nb: [{text}, {{c: {text}}}]\n").data == {"a": value, "b": [value, {"c": value}]}
    assert yaml.safe_load(f"[{text}]") == [value]
