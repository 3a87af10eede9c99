"""What two trees of plain data differ in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.config.diff import ABSENT, Difference, differences

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [("a", 1, True)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, [("a.b", 1, ABSENT), ("a.c", 2, 3)]),
        ({}, {"x": None}, [("x", ABSENT, None)]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, [("a[1].b", 2, 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [("a", [1], [1, 2])]),
        ({"a": {}}, {"a": []}, [("a", {}, [])]),
    ],
)
def test_differences(left, right, expected):
    assert differences(left, right) == [Difference(*e) for e in expected]


def test_absent_says_so():
    assert repr(ABSENT) == "ABSENT"


@given(st.dictionaries(st.text(max_size=2), values), st.dictionaries(st.text(max_size=2), values))
def test_both_ways(left, right):
    assert differences(left, left) == []
    there, back = differences(left, right), differences(right, left)
    assert sorted(d.key for d in there) == sorted(d.key for d in back)
    assert bool(there) == (left != right) or any(isinstance(d.left, bool) != isinstance(d.right, bool) for d in there)
