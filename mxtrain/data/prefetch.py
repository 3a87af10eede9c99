"""Work done ahead of its reader on a few threads, a bounded way ahead, in order, with no thread left behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from mxtrain.base.errors import DataError, MXTrainError

A = TypeVar("A")
T = TypeVar("T")
Job = Callable[[], T]

_ATTEMPTS = 3


@contextmanager
def prefetch(
    tasks: Iterable[A], jobs: Callable[[A], Sequence[Job[T]]], threads: int, depth: int
) -> Iterator[Iterator[tuple[A, list[T]]]]:
    """Run the jobs of each task and give back (task, results), in the order of the tasks.

    `tasks` and `jobs` are called on the reader's thread only. When the reader asks for task i, the jobs of task
    i + `depth` are handed out. Leaving the context, for any reason, drops what has not begun and waits for what has.

    Args:
        tasks: what is to be done, possibly without end.
        jobs: the independent pieces of a task.
        threads: 0 runs everything on the reader's thread when it asks.
        depth: tasks under way ahead of the reader, at least 1; ignored without threads.

    Raises:
        DataError: if a job raised it, or raised anything else three times. The first in order wins, whatever ran first.
    """
    if threads == 0:
        yield ((task, [_insist(job) for job in jobs(task)]) for task in tasks)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="mxtrain-data")
    try:
        yield _ordered(pool, iter(tasks), jobs, depth)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ordered(
    pool: ThreadPoolExecutor, tasks: Iterator[A], jobs: Callable[[A], Sequence[Job[T]]], depth: int
) -> Iterator[tuple[A, list[T]]]:
    def begin(task: A) -> tuple[A, list[Future[T]]]:
        return task, [pool.submit(_insist, job) for job in jobs(task)]

    pending = deque(begin(task) for task in islice(tasks, depth))
    while pending:
        task, futures = pending.popleft()
        pending.extend(begin(following) for following in islice(tasks, 1))
        yield task, [future.result() for future in futures]


def _insist(job: Job[T]) -> T:
    """The job's result. A repeated job writes the same again, so a failure that is no verdict on the data may pass."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return job()
        except MXTrainError:
            raise
        except Exception as error:
            if attempt == _ATTEMPTS:
                raise DataError(f"reading data failed {_ATTEMPTS} times: {type(error).__name__}: {error}") from error
    raise RuntimeError("not reached")
