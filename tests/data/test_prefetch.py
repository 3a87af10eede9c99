from __future__ import annotations

import itertools
import threading
import time
from functools import partial

import pytest

from mxtrain.base.errors import ConfigError, DataError
from mxtrain.data.prefetch import prefetch

pytestmark = pytest.mark.usefixtures("no_new_threads")


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_order(threads):
    def job(task, part):
        time.sleep(0.001 * ((task * 7 + part) % 3))
        return task, part

    with prefetch(range(20), lambda t: [partial(job, t, p) for p in range(3)], threads, 4) as results:
        assert list(results) == [(t, [(t, 0), (t, 1), (t, 2)]) for t in range(20)]


def test_never_further_ahead_than_asked():
    begun = []

    def jobs(task):
        begun.append(task)
        return [lambda: task]

    with prefetch(range(100), jobs, 2, 3) as results:
        assert begun == []
        for task, _ in results:
            assert begun == list(range(min(100, task + 4)))


@pytest.mark.parametrize("threads", [0, 2])
def test_an_endless_stream_can_be_left(threads):
    with prefetch(itertools.count(), lambda t: [lambda: t], threads, 3) as results:
        for task, _ in results:
            if task == 5:
                break


@pytest.mark.parametrize("threads", [0, 2])
def test_the_first_error_in_order_wins(threads):
    def fail(task):
        if task >= 2:
            time.sleep(0.02 if task == 2 else 0)
            raise DataError(f"task {task}")
        return task

    with (
        pytest.raises(DataError, match="task 2"),
        prefetch(range(9), lambda t: [partial(fail, t)], threads, 5) as results,
    ):
        list(results)


@pytest.mark.parametrize("threads", [0, 2])
def test_the_same_order_after_failures_that_pass(threads):
    failures = {3: 2, 5: 1}

    def flaky(task):
        if failures.get(task, 0):
            failures[task] -= 1
            raise OSError("a network that blinks")
        return task

    with prefetch(range(8), lambda t: [partial(flaky, t)], threads, 3) as results:
        assert [r for _, (r,) in results] == list(range(8))
    assert failures == {3: 0, 5: 0}


@pytest.mark.parametrize("threads", [0, 2])
def test_three_failures_are_a_clear_error(threads):
    calls = []

    def broken():
        calls.append(1)
        raise MemoryError("no room")

    expected = pytest.raises(DataError, match="failed 3 times: MemoryError: no room")
    with expected, prefetch(range(1), lambda t: [broken], threads, 3) as results:
        list(results)
    assert len(calls) == 3


def test_a_users_mistake_is_not_tried_again():
    calls = []

    def wrong():
        calls.append(1)
        raise ConfigError("no")

    with pytest.raises(ConfigError), prefetch(range(1), lambda t: [wrong], 1, 1) as results:
        list(results)
    assert len(calls) == 1


def test_an_interrupt_in_the_reader_ends_the_threads_and_drops_the_rest():
    release = threading.Event()
    timer = threading.Timer(0.05, release.set)
    done = []

    def job(task):
        if task:
            release.wait(5)
        done.append(task)

    with pytest.raises(KeyboardInterrupt), prefetch(range(100), lambda t: [partial(job, t)], 1, 50) as results:
        next(results)
        timer.start()
        raise KeyboardInterrupt
    timer.join()
    assert len(done) <= 2
