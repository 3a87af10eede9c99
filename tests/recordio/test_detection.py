"""Detection labels: real ones, and those that break a rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio.detection import Detection, parse_detection
from recordio.errors import HeaderError

REAL = (4.0, 5.0, 780.0, 438.0, 0.0, 0.00641, 0.01142, 0.71795, 1.25571)
floats = st.floats(allow_nan=False)


def test_a_real_record():
    assert parse_detection(REAL) == Detection((780.0, 438.0), ((0.0, 0.00641, 0.01142, 0.71795, 1.25571),))


@given(st.lists(floats, max_size=4).map(tuple), st.integers(5, 7), st.integers(1, 4), st.data())
def test_round_trip(extra, width, count, data):
    numbers = st.lists(floats, min_size=width, max_size=width).map(tuple)
    found = Detection(extra, tuple(data.draw(numbers) for _ in range(count)))
    assert parse_detection(found.labels()) == found


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ((2.0, 5.0, 0.0), "at least 7 numbers, got 3"),
        ((1.0, 5.0, *[0.0] * 9), "header width of at least 2"),
        ((2.0, 4.0, *[0.0] * 9), "got 2 and 4"),
        ((2.5, 5.0, *[0.0] * 9), "got 2.5 and 5"),
        ((float("nan"), 5.0, *[0.0] * 9), "got nan and 5"),
        ((2.0, float("inf"), *[0.0] * 9), "got 2 and inf"),
        ((2.0, 5.0, *[0.0] * 6), "expected 2 numbers and then objects of 5, got 8 in all"),
        ((7.0, 5.0, *[0.0] * 5), "expected 7 numbers and then objects of 5, got 7 in all"),
        ((1e300, 5.0, *[0.0] * 5), "got 7 in all"),
    ],
)
def test_broken_rules_are_said(labels, says):
    with pytest.raises(HeaderError, match=says):
        parse_detection(labels)


@pytest.mark.parametrize("objects", [(), ((1.0,) * 4,), ((1.0,) * 5, (1.0,) * 6)])
def test_objects_that_cannot_be_written_are_refused(objects):
    with pytest.raises(HeaderError, match="one object or more"):
        Detection((), objects).labels()
