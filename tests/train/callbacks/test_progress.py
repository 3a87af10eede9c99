from __future__ import annotations

import io
import re
import sys

import pytest

from mxtrain.train.callbacks import progress as module
from mxtrain.train.callbacks.progress import progress, state_text
from mxtrain.train.events import Event

EVENTS = [
    Event("start"),
    Event("batch", batch=1, batches=5, metrics={"loss": 2.0}, samples=8, seconds=0.5),
    Event("epoch", metrics={"loss": 1.5, "accuracy": 0.75}, samples=40, seconds=2.0),
    Event("eval", metrics={"accuracy": 0.875}),
    Event("notice", text="stopped early"),
    Event("end"),
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(style, stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(style, 3) as tell:
        for event in EVENTS:
            tell(event)
    return stream.getvalue()


@pytest.mark.parametrize("style", ["auto", "plain"])
def test_plain_lines_where_there_is_no_terminal(style, monkeypatch):
    assert shown(style, io.StringIO(), monkeypatch) == (
        "epoch 1/3  train  loss 1.5000  accuracy 0.7500  20 samples/s\n"
        "epoch 1/3  val    accuracy 0.8750\n"
        "stopped early\n"
    )


def test_a_long_epoch_shows_a_sign_of_life(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.0)
    text = shown("plain", io.StringIO(), monkeypatch)
    assert text.startswith("epoch 1/3  batch 1/5  loss 2.0000  16 samples/s\n")


def test_a_bar_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    text = shown("auto", Terminal(), monkeypatch)
    assert "epoch 1/3  train  loss 1.5000  accuracy 0.7500" in text
    assert "epoch 1/3  val    accuracy 0.8750" in text and "stopped early" in text
    assert "\x1b[" in text


def test_the_bar_tells_batches_and_speed(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    with progress("bar", 3) as tell:
        tell(Event("batch", epoch=1, batch=5, batches=5, metrics={"loss": 2.0}, samples=8, seconds=0.5))
    assert all(part in stream.getvalue() for part in ("epoch 2/3", "5/5", "16 samples/s", "loss 2.0000"))


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "loss 2.0000  0:20 left  16 samples/s  accuracy 0.5000  cross_entropy 2.0000"),
        (74, "loss 2.0000  0:20 left  16 samples/s  accuracy 0.5000"),
        (30, "loss 2.0000  0:20 left"),
        (11, "loss 2.0000"),
        (10, ""),
        (-3, ""),
    ],
)
def test_a_narrow_terminal_shows_whole_numbers_or_none(width, text):
    values = {"loss": 2.0, "accuracy": 0.5, "cross_entropy": 2.0}
    event = Event("batch", batch=2, batches=10, metrics=values, samples=80, seconds=5.0)
    assert state_text(event, width) == text


@pytest.mark.parametrize(("columns", "bar"), [(80, True), (60, True), (30, False), (20, False)])
def test_what_a_terminal_of_this_width_shows(columns, bar, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    values = {"loss": 2.0, "accuracy": 0.5, "cross_entropy": 2.0}
    with progress("bar", 30) as tell:
        tell(Event("batch", epoch=9, batch=45, batches=90, metrics=values, samples=8, seconds=0.5))
        tell(Event("epoch", epoch=9, metrics=values))
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert "epoch 10/30  45/90" in said and "\u2026" not in said and ("\u2501" in said) == bar
    assert "epoch 10/30  train  loss 2.0000  accuracy 0.5000  cross_entropy 2.0000\n" in said
    assert ("loss 2.0000  0:00 left" in said) == bar


def test_off(monkeypatch):
    assert shown("off", Terminal(), monkeypatch) == ""
