"""Attempts are bounded in number and time; the waits grow, differ between requests, and repeat."""

from __future__ import annotations

import threading
import time

import pytest

from mxtrain.data.remote.faults import Fault
from mxtrain.data.remote.retry import Policy, retry

QUICK = Policy(attempts=4, timeout=9.0, deadline=5.0, first_wait=0.01)


class Attempts:
    def __init__(self, *results):
        self.results, self.allowed = list(results), []

    def __call__(self, timeout):
        self.allowed.append(timeout)
        result = self.results.pop(0)
        if isinstance(result, Fault):
            raise result
        return result


def run(attempts, policy=QUICK, closed=None):
    return retry(policy, "x", attempts, closed or threading.Event())


def test_what_passes_is_tried_again():
    attempts = Attempts(Fault("passing", "a"), Fault("passing", "b"), 5)
    assert run(attempts) == 5
    assert len(attempts.allowed) == 3 and max(attempts.allowed) <= 5.0 < 9.0


@pytest.mark.parametrize("kind", ["missing", "denied", "changed", "refused"])
def test_what_does_not_pass_is_not(kind):
    attempts = Attempts(Fault(kind, "a"), 5)
    with pytest.raises(Fault, match="^a$"):
        run(attempts)
    assert len(attempts.allowed) == 1


def test_attempts_are_counted():
    with pytest.raises(Fault, match=r"^d \(tried 4 times in 0\.\d s\)$"):
        run(Attempts(*(Fault("passing", c) for c in "abcde")))
    with pytest.raises(Fault, match=r"^a \(tried once in"):
        run(Attempts(Fault("passing", "a")), Policy(attempts=1))


def test_the_deadline_holds():
    begun = time.monotonic()
    with pytest.raises(Fault, match="tried"):
        run(Attempts(*(Fault("passing", "a") for _ in range(99))), Policy(99, 1.0, 0.2, 0.05, 0.1))
    assert time.monotonic() - begun < 1


def test_nobody_waits_when_it_is_closed():
    closed = threading.Event()
    closed.set()
    begun = time.monotonic()
    with pytest.raises(Fault, match="closed"):
        run(Attempts(Fault("passing", "a"), 5), Policy(first_wait=30), closed)
    assert time.monotonic() - begun < 1


def test_waits():
    policy = Policy(first_wait=1.0, longest_wait=8.0)
    for attempt, step in enumerate((1, 2, 4, 8, 8), 1):
        waits = [policy.wait(f"request {i}", attempt) for i in range(50)]
        assert all(step / 2 <= wait <= step for wait in waits)
        assert len(set(waits)) > 20 and waits == [policy.wait(f"request {i}", attempt) for i in range(50)]
