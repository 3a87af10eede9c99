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


@contextmanager
def _bar(epochs: int) -> Iterator[Callback]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} samples/s  {task.fields[values]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, refresh_per_second=5) as bars:
        task = bars.add_task("", total=None, epoch=f"1/{epochs}", rate=0.0, values="")
        shown = {"at": 0.0}

        def tell(event: Event) -> None:
            if event.kind == "batch" and (time.monotonic() - shown["at"] > 0.2 or event.batch == event.batches):
                shown["at"] = time.monotonic()
                bars.update(
                    task, completed=event.batch, total=event.batches, epoch=f"{event.epoch + 1}/{epochs}",
                    rate=event.rate, values=values_text(event),
                )  # fmt: skip
            elif event.kind in ("epoch", "eval"):
                what = "val  " if event.kind == "eval" else "train"
                console.print(f"epoch {event.epoch + 1}/{epochs}  {what}  {values_text(event)}", highlight=False)
            elif event.kind == "notice":
                console.print(event.text, highlight=False)

        yield tell
