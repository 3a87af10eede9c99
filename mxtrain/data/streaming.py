"""A source that can only be streamed, batch by batch: what was taken of it looks like a source of a few samples."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.data.rows import too_many
from mxtrain.data.source import Field, Rows, Sampled, Skipped, Streamed


@dataclass(frozen=True)
class Taken:
    """Samples that were taken of a stream.

    Args:
        source: of them.
        samples: by id.
    """

    source: Streamed
    samples: Mapping[int, Sampled]

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Of the stream."""
        return self.source.inputs

    @property
    def labels(self) -> Mapping[str, Field]:
        """Of the stream."""
        return self.source.labels

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Of the stream."""
        return self.source.classes

    @property
    def report(self) -> tuple[Skipped, ...]:
        """Nothing."""
        return ()

    def __len__(self) -> int:
        return len(self.samples)

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """Samples by their ids.

        Raises:
            DataError: for one that is damaged.
        """
        found = [self.samples[id] for id in indices.tolist()]
        for sample in found:
            if sample.problem:
                raise DataError(sample.problem)
        ((name, about),) = self.labels.items()
        labels = np.array([s.labels for s in found], np.float32).reshape(len(found), *(about.type.known_shape or ()))
        return Rows(dict.fromkeys(self.inputs, [s.content for s in found]), {name: labels})

    def name(self, index: int) -> str:
        """As the stream calls it."""
        return self.source.name(index)

    def fingerprint(self) -> dict[str, Any]:
        """Of the stream."""
        return self.source.fingerprint()


class Walk:
    """The samples of a stream, from one batch to the next.

    Args:
        source: the stream.
        key: seed and epoch; None: in order.
        bad: id -> reason of samples that cannot be read, which grows.
        allowed: damaged samples that are passed over; None: the first raises.
    """

    def __init__(self, source: Streamed, key: tuple[int, int] | None, bad: dict[int, str], allowed: int | None) -> None:
        self._source, self._key, self._bad, self._allowed = source, key, bad, allowed
        self._samples, self._last = self._endless(), False

    def _lose(self, id: int, reason: str) -> None:
        self._bad[id] = reason
        if self._allowed is not None and len(self._bad) > self._allowed:
            raise DataError(too_many(len(self._bad), self._allowed, reason))

    def _endless(self) -> Generator[Sampled, None, None]:
        size = len(self._source)
        while not self._last:
            count = 0
            for sample in self._source.stream(self._key, None if self._allowed is None else self._lose):
                count += 1
                if count > size:
                    raise DataError(f"{sample.content.name}: expected {size} records in all, there are more (samples)")
                yield sample
            if not count or self._allowed is None and count < size:
                raise DataError(f"{self._source.name(0)}: expected {size} records in all, got {count} (samples)")

    def take(self, count: int) -> tuple[NDArray[np.int64], Taken]:
        """The next samples and their ids; after the last come the first again.

        Raises:
            DataError: if a record is damaged and that is not allowed, or there are more or fewer than expected.
        """
        found = list(islice(self._samples, count))
        return np.array([s.id for s in found], np.int64), Taken(self._source, {s.id: s for s in found})

    def finish(self) -> None:
        """Look whether nothing follows the last sample.

        Raises:
            DataError: if something does.
        """
        self._last = True
        next(self._samples, None)

    def close(self) -> None:
        """Close files."""
        self._samples.close()
