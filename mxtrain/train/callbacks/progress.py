"""Progress on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from mxtrain.train.events import Callback, Event

Style = Literal["auto", "bar", "plain", "off"]
SECONDS = 10.0
BAR, WIDE = 16, 60
"""Columns of the bar, and of a terminal that has room for one."""


def _nothing(event: Event) -> None:
    return


@contextmanager
def progress(style: Style, epochs: int) -> Iterator[Callback]:
    """A callback that shows how far the run is; what it drew is cleaned up at the end.

    Args:
        style: auto means bar if stderr is a terminal, else plain.
        epochs: how many epochs there will be.
    """
    if style == "auto":
        style = "bar" if sys.stderr.isatty() else "plain"
    if style == "bar":
        with _bar(epochs) as callback:
            yield callback
    else:
        yield _plain(epochs) if style == "plain" else _nothing


def _plain(epochs: int) -> Callback:
    shown = {"at": time.monotonic()}

    def tell(event: Event) -> None:
        if event.kind in ("epoch", "eval"):
            what = "val  " if event.kind == "eval" else "train"
            speed = f"  {event.rate:.0f} samples/s" if event.kind == "epoch" else ""
            sys.stderr.write(f"epoch {event.epoch + 1}/{epochs}  {what}  {values_text(event)}{speed}\n")
        elif event.kind == "batch" and time.monotonic() - shown["at"] >= SECONDS:
            sys.stderr.write(
                f"epoch {event.epoch + 1}/{epochs}  batch {event.batch}/{event.batches}  {values_text(event)}"
                f"  {event.rate:.0f} samples/s\n"
            )
        elif event.kind == "notice":
            sys.stderr.write(event.text + "\n")
        else:
            return
        shown["at"] = time.monotonic()
        sys.stderr.flush()

    return tell


def values_text(event: Event) -> str:
    """``loss 0.1234  accuracy 0.9876``."""
    return "  ".join(f"{k} {v:.4f}" for k, v in event.metrics.items())


def place_text(event: Event, epochs: int) -> str:
    """``epoch 1/30  23/90``."""
    return f"epoch {event.epoch + 1}/{epochs}  {event.batch}/{event.batches}"


def state_text(event: Event, width: int) -> str:
    """As much as `width` columns hold, whole parts only: the loss, the time that is left, the rate, the metrics."""
    values = [f"{k} {v:.4f}" for k, v in event.metrics.items()]
    parts = [*values[:1], *_left(event), f"{event.rate:.0f} samples/s", *values[1:]]
    text = ""
    for part in parts:
        longer = f"{text}  {part}" if text else part
        if len(longer) > width:
            break
        text = longer
    return text


def _left(event: Event) -> list[str]:
    """``1:05 left`` of this epoch."""
    if not event.batch or event.batches is None:
        return []
    minutes, seconds = divmod(round(event.seconds / event.batch * (event.batches - event.batch)), 60)
    return [f"{minutes}:{seconds:02} left"]


@contextmanager
def _bar(epochs: int) -> Iterator[Callback]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    before, after = (TextColumn("{task.fields[" + part + "]}", markup=False) for part in ("place", "state"))
    # Numbers first: a narrow terminal has no room for a picture beside them.
    bar = [BarColumn(bar_width=BAR)] if console.width >= WIDE else []
    with Progress(before, *bar, after, console=console, transient=True, refresh_per_second=5) as bars:
        task = bars.add_task("", total=None, place=f"epoch 1/{epochs}", state="")
        shown = {"at": 0.0}

        def tell(event: Event) -> None:
            if event.kind == "batch" and (time.monotonic() - shown["at"] > 0.2 or event.batch == event.batches):
                shown["at"] = time.monotonic()
                place = place_text(event, epochs)
                room = console.width - len(place) - (BAR + 2 if bar else 1)
                bars.update(
                    task, completed=event.batch, total=event.batches, place=place, state=state_text(event, room)
                )
            elif event.kind in ("epoch", "eval"):
                what = "val  " if event.kind == "eval" else "train"
                text = f"epoch {event.epoch + 1}/{epochs}  {what}  {values_text(event)}"
                console.print(text, highlight=False, markup=False, soft_wrap=True)
            elif event.kind == "notice":
                console.print(event.text, highlight=False, markup=False, soft_wrap=True)

        yield tell
