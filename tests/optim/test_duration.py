"""Durations: what is one, and how many steps it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mxtrain.base.errors import ConfigError
from mxtrain.optim.duration import Duration, in_steps, read_duration

ADAPTER = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "kept", "steps"),
    [
        (500, 500, 500),
        (0, 0, 0),
        ("500 steps", 500, 500),
        ("1 step", 1, 1),
        ("5 epochs", "5 epochs", 50),
        ("1 epoch", "1 epoch", 10),
        (" 1 epochs ", "1 epoch", 10),
        ("0.25 epochs", "0.25 epochs", 2),
        ("0.35epochs", "0.35 epochs", 4),
    ],
)
def test_durations_are_read(text, kept, steps):
    duration = ADAPTER.validate_python(text)
    assert duration == kept
    assert in_steps(duration, 10) == steps
    assert ADAPTER.validate_python(duration) == duration


@pytest.mark.parametrize(
    "value", [-1, True, 1.5, None, "", "5", "epochs", "5 days", "-1 epochs", "1.5 steps", "1e3 steps", "9" * 30, 10**16]
)
def test_others_are_refused(value):
    with pytest.raises(ValidationError, match="number of steps, or a text such as '5 epochs' or '500 steps', got "):
        ADAPTER.validate_python(value)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        duration = read_duration(text)
    except ValueError:
        return
    assert read_duration(duration) == duration
    assert in_steps(duration, 3) >= 0


def test_epochs_of_unknown_length_are_refused():
    assert in_steps(7, None) == 7
    with pytest.raises(ConfigError, match="'5 epochs' needs the number of steps in an epoch.*steps_per_epoch"):
        in_steps("5 epochs", None)
