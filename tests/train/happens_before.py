"""A fake device that writes down who touches which memory when, and a check that events order all of it.

Everything asked of a stream begins after the host asked for it and after what the stream did before. An event carries
what its stream knew to whoever waits for it. Two accesses to one buffer, one of them a write, must be ordered so.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np

from tests.backends.cuda.fake import FakeCuda

HOST = "host"


class Access(NamedTuple):
    who: object
    time: int
    write: bool
    what: str


class Mark:
    def __init__(self, owner):
        self.owner, self.known = owner, Counter()

    def record(self, stream=None):
        self.known = Counter(self.owner.clock_of(stream))

    def wait(self, stream=None):
        clock = self.owner.clock_of(stream)
        clock |= self.known

    def synchronize(self):
        self.owner.clocks[HOST] |= self.known

    def since(self, earlier):
        return 0.0


class Ordered(FakeCuda):
    """FakeCuda whose streams keep vector clocks; `races` holds what no event orders."""

    def __init__(self):
        super().__init__()
        self.clocks = {HOST: Counter(), self.stream: Counter()}
        self.seen: dict[int, list[Access]] = {}
        self.races: list[str] = []

    def clock_of(self, stream):
        clock = self.clocks.setdefault(self.stream if stream is None else stream, Counter())
        clock |= self.clocks[HOST]
        return clock

    def access(self, who, buffer, write, what):
        """Someone reads or writes a buffer, known by its first byte."""
        clock = self.clocks[HOST] if who == HOST else self.clock_of(who)
        clock[who] += 1
        start = int(np.ndarray.__array_interface__.__get__(buffer)["data"][0])
        for old in self.seen.setdefault(start, []):
            if (old.write or write) and clock[old.who] < old.time:
                self.races.append(f"{what} is not ordered after {old.what}")
        self.seen[start].append(Access(who, clock[who], write, what))

    def new_event(self):
        return Mark(self)

    def upload(self, target, host, stream=None):
        who = self.stream if stream is None else stream
        self.access(who, host, False, "upload's read")
        self.access(who, target, True, "upload's write")
        super().upload(target, host, stream)

    def download(self, host, source, stream=None):
        who = self.stream if stream is None else stream
        self.access(who, source, False, "download's read")
        self.access(who, host, True, "download's write")
        super().download(host, source, stream)

    def synchronize(self):
        self.clocks[HOST] |= self.clocks[self.stream]
