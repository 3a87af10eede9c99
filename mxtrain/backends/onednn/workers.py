"""Independent parts of one kernel on threads of their own, each with one OpenMP thread.

A kernel of many short calls that split each call over the cores meets at as many barriers, and waits at each for
whatever else the machine does (a decoder, another program). Here each thread runs whole parts, and takes the next part
when it is done with one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from typing import Any

from mxtrain.backends.onednn.library import set_threads
from mxtrain.backends.onednn.products import run_calls
from mxtrain.graph import Call

Parts = Sequence[Sequence[Call]]


@contextmanager
def one_thread(count: int) -> Iterator[None]:
    """What is created or run inside has one OpenMP thread; afterwards there are `count`."""
    set_threads(1)
    try:
        yield
    finally:
        set_threads(count)


class _Worker:
    """A thread that runs what it is given until the process ends."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[Any] = SimpleQueue()
        self.done: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._work, name="mxtrain kernels", daemon=True).start()

    def _work(self) -> None:
        set_threads(1)
        while True:
            first, parts, order = self.asked.get()
            try:
                self.done.put(_take(first, parts, order))
            except BaseException as error:
                self.done.put(error)


@cache
def _workers(count: int) -> tuple[_Worker, ...]:
    return tuple(_Worker() for _ in range(count))


def _take(first: Sequence[Call], parts: Parts, order: Iterator[int]) -> Any:
    """Run `first`, then the parts that are left."""
    status = run_calls(first)
    for k in order:
        status = status or run_calls(parts[k])
    return status


def run_parts(firsts: Parts, parts: Sequence[Parts], *, dealt: bool, threads: int) -> Any:
    """Run parts on as many threads as there are lists.

    Args:
        firsts: calls of each thread before its parts.
        parts: per thread, the calls of every part over the thread's own buffers.
        dealt: each thread takes every n-th part, for results that depend on who did what; else whoever is free.
        threads: OpenMP threads of the calling thread before and after.

    Returns:
        The first status that is not 0.
    """
    count, total = len(parts), len(parts[0])
    left = iter(range(total))
    orders = [iter(range(k, total, count)) if dealt else left for k in range(count)]
    workers = _workers(count - 1)
    for worker, first, own, order in zip(workers, firsts[1:], parts[1:], orders[1:], strict=True):
        worker.asked.put((first, own, order))
    found: list[Any] = []
    try:
        with one_thread(threads):
            found.append(_take(firsts[0], parts[0], orders[0]))
    finally:
        # Whatever happened here: the next kernel must not meet a thread that still works on this one.
        found += [worker.done.get() for worker in workers]
    for status in found:
        if isinstance(status, BaseException):
            raise status
    return next((status for status in found if status), 0)
