"""Attempts at a request: bounded in number and time, with growing waits between them."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mxtrain.data.remote.faults import Fault

T = TypeVar("T")


@dataclass(frozen=True)
class Policy:
    """How often and how long.

    Args:
        attempts: at most.
        timeout: of one attempt, in seconds.
        deadline: of all of them with the waits, in seconds.
        first_wait: longest wait before the second attempt, in seconds; it doubles from attempt to attempt.
        longest_wait: where that ends.
    """

    attempts: int = 5
    timeout: float = 30.0
    deadline: float = 120.0
    first_wait: float = 0.5
    longest_wait: float = 8.0

    def wait(self, request: str, attempt: int) -> float:
        """Seconds to wait after an attempt (1, 2, ...): between half and all of the step.

        Which part is a hash of the request: many readers do not come back together, and a run repeats.
        """
        step = min(self.first_wait * 2.0 ** (attempt - 1), self.longest_wait)
        part = hashlib.sha256(f"{request} {attempt}".encode()).digest()[0] / 255
        return step * (1 + part) / 2


def retry(policy: Policy, request: str, attempt: Callable[[float], T], closed: threading.Event) -> T:
    """What an attempt returns, the first that does.

    Args:
        policy: how often and how long.
        request: its name, which decides the waits.
        attempt: gets the seconds it may take; raises Fault.
        closed: set when nobody waits for it any more.

    Raises:
        Fault: the last one, saying how often and how long it was tried.
    """
    begun = time.monotonic()
    for number in range(1, policy.attempts + 1):
        left = policy.deadline - (time.monotonic() - begun)
        try:
            return attempt(min(policy.timeout, max(left, 0.001)))
        except Fault as fault:
            spent = time.monotonic() - begun
            wait = policy.wait(request, number)
            if fault.kind != "passing":
                raise
            if number == policy.attempts or spent + wait >= policy.deadline:
                times = "once" if number == 1 else f"{number} times"
                raise Fault("passing", f"{fault.reason} (tried {times} in {spent:.1f} s)") from None
            if closed.wait(wait):
                raise Fault("passing", "closed while it was read") from None
    raise RuntimeError("not reached")
