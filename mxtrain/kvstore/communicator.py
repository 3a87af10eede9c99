"""Ranks that compute together: what they can do, and a watch over them."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Protocol

from mxtrain.base.errors import DistributedError

EVERY = 1.0
"""Seconds between two looks."""


class Communicator(Protocol):
    """One rank's end. Every rank calls the same functions in the same order; arrays are flat and of one size on all.

    backends/cuda/nccl.py has it over NCCL; the tests have it over threads.
    """

    @property
    def rank(self) -> int:
        """Which one this is, from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    def all_reduce(self, array: Any, stream: int | None = None) -> None:
        """Replace the array by its sum over all ranks, in the order of the stream (None: the compute stream).

        Raises:
            DistributedError: if a rank has failed.
        """

    def broadcast(self, array: Any, root: int = 0, stream: int | None = None) -> None:
        """Replace the array by that of the rank `root`.

        Raises:
            DistributedError: if a rank has failed.
        """

    def check(self) -> None:
        """Look whether all ranks are well, without waiting.

        Raises:
            DistributedError: saying what is wrong.
        """

    def abort(self) -> None:
        """Give up: calls that wait for other ranks end with an error."""


class Watch:
    """A thread that looks after a communicator, and aborts it when a rank has failed, so that nobody waits forever.

    Args:
        communicator: of this rank.
        every: seconds between two looks.
    """

    def __init__(self, communicator: Communicator, every: float = EVERY) -> None:
        self.communicator, self.every = communicator, every
        self.error: DistributedError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch of the ranks", daemon=True)

    def _look(self) -> None:
        while not self._stop.wait(self.every):
            try:
                self.communicator.check()
            except DistributedError as e:
                self.error = e
                self.communicator.abort()
                return

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking.

        Raises:
            DistributedError: what was seen, in place of the errors that the abort has caused.
        """
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error from value
