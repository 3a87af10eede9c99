from __future__ import annotations

import io
import sys

import pytest

from mxtrain.train.callbacks import progress as module
from mxtrain.train.callbacks.progress import progress
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


def test_off(monkeypatch):
    assert shown("off", Terminal(), monkeypatch) == ""
