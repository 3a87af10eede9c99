"""Whether batches are made while their consumer computes, or only while it waits for them.

Kernels on all cores wait for their slowest thread, so a decoder that takes one core for a moment holds up all of them:
where both want every core, taking turns is faster, and comes to 1 / (1 / computing alone + 1 / data alone). Where
reading waits for a disk or a network, or cores are free, working at the same time is. Which it is, is measured on the
first batches. The batches are the same either way.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Literal

Overlap = Literal["auto", "always", "never"]

TRIED, SETTLING, ROUNDS = 8, 4, 2
"""Batches of a trial that count, those before them in which what was prepared ahead is used up, trials of each way."""

log = logging.getLogger(__name__)


class Turns:
    """The consumer says when it waits and when it computes; workers ask before each sample.

    Args:
        overlap: always, never, or auto: whichever is measured to be faster.
        clock: seconds.

    Attributes:
        apart: True if workers rest while the consumer computes.
        chosen: True once nothing more is tried.
    """

    def __init__(self, overlap: Overlap, clock: Callable[[], float] = perf_counter) -> None:
        self.apart = overlap == "never"
        self.chosen = overlap != "auto"
        self._clock = clock
        self._open = threading.Event()
        self._open.set()
        self._trials: list[list[float]] = [[]]
        self._left = SETTLING + TRIED
        self._last: float | None = None
        self._waited = False

    def work(self) -> None:
        """Of a worker: return when it may go on."""
        if not self._open.is_set():
            self._open.wait()

    def wait(self) -> None:
        """Of the consumer: it needs a batch."""
        self._waited = True
        self._open.set()

    def compute(self) -> None:
        """Of the consumer: it computes from now on, on all cores."""
        # A batch may be computed in parts.
        if self._waited and not self.chosen:
            self._see()
        self._waited = False
        if self.apart:
            self._open.clear()

    def pause(self) -> None:
        """Of the consumer: an epoch begins or ends. Who works may go on, and the time until the next batch is none."""
        self._last = None
        self._open.set()

    def _see(self) -> None:
        """Count the time since the batch before; when enough are counted, try the other way, and in the end choose."""
        now, last = self._clock(), self._last
        self._last = now
        if last is None:
            return
        if self._left <= TRIED:
            self._trials[-1].append(now - last)
        self._left -= 1
        if self._left:
            return
        if len(self._trials) < 2 * ROUNDS:
            self._trials.append([])
            self.apart, self._left = not self.apart, SETTLING + TRIED
        else:
            self._choose()

    def _choose(self) -> None:
        # Of two trials the faster: a machine may be disturbed, but never helped.
        together, apart = (min(sum(t) for t in self._trials[way::2]) / TRIED for way in (0, 1))
        self.chosen, self.apart = True, apart < together
        log.info(
            "Data: batches are made while the net %s: %.1f ms per batch, %.1f ms the other way",
            "waits for them, not while it computes" if self.apart else "computes",
            1e3 * min(together, apart), 1e3 * max(together, apart),
        )  # fmt: skip
