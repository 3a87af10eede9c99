"""Where the time of reading goes: seconds per stage, added up over threads."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import NamedTuple


class Stages(NamedTuple):
    """Seconds since the iterator was made, and what was done in them.

    Args:
        read: getting samples, or the bytes of image files, out of the source.
        decode: from bytes to pixels.
        augment: drawing random numbers and changing images.
        batch: writing rows into a batch.
        waited: the consumer, for batches.
        copy: the consumer, turning batches into floats where the net reads them. An iterator cannot know: 0.
        samples: rows made; some may lie ahead of the consumer.
        batches: given to the consumer.
        threads: that work, their stages added up over them; 0: the consumer's own.
        cores: that this process may use.
        encoded: True if the samples are encoded images.
        fast: True if the fastest known decoder and resizer run.
        files: True if every image is a file of its own.
    """

    read: float = 0.0
    decode: float = 0.0
    augment: float = 0.0
    batch: float = 0.0
    waited: float = 0.0
    copy: float = 0.0
    samples: int = 0
    batches: int = 0
    threads: int = 0
    cores: int = 1
    encoded: bool = False
    fast: bool = True
    files: bool = False

    @property
    def work(self) -> dict[str, float]:
        """Seconds by stage of the iterator's work, in the order of the stages."""
        return {"read": self.read, "decode": self.decode, "augment": self.augment, "batch": self.batch}

    def since(self, earlier: Stages) -> Stages:
        """What was added after `earlier`."""
        return self._replace(
            read=self.read - earlier.read,
            decode=self.decode - earlier.decode,
            augment=self.augment - earlier.augment,
            batch=self.batch - earlier.batch,
            waited=self.waited - earlier.waited,
            copy=self.copy - earlier.copy,
            samples=self.samples - earlier.samples,
            batches=self.batches - earlier.batches,
        )


@dataclass
class Spent:
    """Seconds that one job spent in each stage; of one thread. `files`: it opened files of images."""

    read: float = 0.0
    decode: float = 0.0
    augment: float = 0.0
    batch: float = 0.0
    files: bool = False


class Clock:
    """Adds up what jobs spent, on any thread, and what the consumer waited."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sum = Stages()

    def add(self, spent: Spent, samples: int) -> None:
        """Count a job that is done."""
        with self._lock:
            s = self._sum
            self._sum = s._replace(
                read=s.read + spent.read,
                decode=s.decode + spent.decode,
                augment=s.augment + spent.augment,
                batch=s.batch + spent.batch,
                samples=s.samples + samples,
                files=s.files or spent.files,
            )

    def wait(self, seconds: float) -> None:
        """Count a batch that the consumer waited for."""
        with self._lock:
            self._sum = self._sum._replace(waited=self._sum.waited + seconds, batches=self._sum.batches + 1)

    def read(self) -> Stages:
        """The sums so far."""
        with self._lock:
            return self._sum


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
