"""How far a long command is: a bar on a terminal, plain lines elsewhere, with rate and time left. On stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

SECONDS = 10.0
"""Between two plain lines."""

Tell = Callable[[int, int], None]


class Style(StrEnum):
    """How progress is shown."""

    auto = "auto"
    bar = "bar"
    plain = "plain"
    off = "off"


@contextmanager
def counter(style: Style, what: str, total: int | None, unit: str = "images") -> Iterator[Tell]:
    """A function that is told how many more are done, and how many of them went wrong.

    Args:
        style: auto means bar if stderr is a terminal, else plain.
        what: is done: "packing".
        total: of all, or None if nobody knows.
        unit: what is counted.
    """
    if style is Style.auto:
        style = Style.bar if sys.stderr.isatty() else Style.plain
    if style is Style.bar:
        with _bar(what, total, unit) as tell:
            yield tell
    else:
        yield _plain(what, total, unit) if style is Style.plain else _nothing


def _nothing(done: int, bad: int) -> None:
    return


def _plain(what: str, total: int | None, unit: str) -> Tell:
    begun = shown = time.monotonic()
    count = wrong = 0

    def tell(done: int, bad: int) -> None:
        nonlocal count, wrong, shown
        count, wrong = count + done, wrong + bad
        now = time.monotonic()
        if now - shown >= SECONDS:
            shown = now
            sys.stderr.write(line(what, (count, total, wrong), now - begun, unit) + "\n")
            sys.stderr.flush()

    return tell


def line(what: str, counts: tuple[int, int | None, int], seconds: float, unit: str) -> str:
    """``packing  1,200/5,000 images  430 images/s  0:09 left  2 bad``; `counts`: done, of how many, of these bad."""
    done, total, bad = counts
    rate = done / max(seconds, 1e-9)
    parts = [what, f"{done:,}{'' if total is None else f'/{total:,}'} {unit}", f"{rate:,.0f} {unit}/s"]
    if total is not None and rate > 0:
        minutes, rest = divmod(round(max(total - done, 0) / rate), 60)
        parts.append(f"{minutes}:{rest:02} left")
    return "  ".join([*parts, *([f"{bad:,} bad"] if bad else [])])


@contextmanager
def _bar(what: str, total: int | None, unit: str) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} " + unit + "/s{task.fields[bad]}"), TimeRemainingColumn(),
    )  # fmt: skip
    begun, count, wrong = time.monotonic(), 0, 0
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as bars:
        task = bars.add_task(what, total=total, rate=0.0, bad="")

        def tell(done: int, bad: int) -> None:
            nonlocal count, wrong
            count, wrong = count + done, wrong + bad
            rate = count / max(time.monotonic() - begun, 1e-9)
            bars.update(task, completed=count, rate=rate, bad=f"  {wrong:,} bad" if wrong else "")

        yield tell
