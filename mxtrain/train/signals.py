"""Signals as requests. A handler only notes what came; the loop acts between two steps, never inside one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_STOP = (signal.SIGINT, signal.SIGTERM)
_SAVE = (signal.SIGUSR1, signal.SIGHUP)


@dataclass
class Requests:
    """What signals asked for.

    Args:
        stop: the signal that asked to finish the step, save and exit (130 for SIGINT, 143 for SIGTERM); None: none did.
        save: whether one asked to save and go on.
    """

    stop: signal.Signals | None = None
    save: bool = False

    def take_save(self) -> bool:
        """Whether a save was asked for since the last call."""
        asked, self.save = self.save, False
        return asked


@contextmanager
def watch() -> Iterator[Requests]:
    """Turn signals into requests while the block runs; the handlers that were there come back afterwards.

    The first SIGINT or SIGTERM sets `Requests.stop`; after it both act as they do by default, so a second stops the
    process at once (KeyboardInterrupt for SIGINT). SIGUSR1 and SIGHUP set `Requests.save`. A signal that was ignored
    before (nohup) stays ignored. Outside the main thread, where Python takes no signals, nothing is ever requested.
    """
    requests = Requests()
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return

    def stop(number: int, frame: FrameType | None) -> None:
        requests.stop = signal.Signals(number)
        for other in caught:
            if other in _STOP:
                signal.signal(other, signal.default_int_handler if other == signal.SIGINT else signal.SIG_DFL)

    def save(number: int, frame: FrameType | None) -> None:
        requests.save = True

    before = {number: signal.getsignal(number) for number in (*_STOP, *_SAVE)}
    caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in caught:
            signal.signal(number, stop if number in _STOP else save)
        yield requests
    finally:
        for number in caught:
            # None: a handler that was not set from Python, and cannot be put back from it.
            signal.signal(number, signal.SIG_DFL if before[number] is None else before[number])
