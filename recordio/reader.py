"""All records of some files in order, or those of one part of many."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

from recordio.checksum import Checksums
from recordio.errors import RefusedError
from recordio.files import Mapped
from recordio.format import byte_ranges, find_start
from recordio.scan import Losses, scan

OnError = Literal["stop", "skip"]
PathLike = str | os.PathLike[str]


class Reader:
    """The records of one or several files, in order. Iterate as often as you like; between times no file is open.

    Each record is a read-only view of the mapped file, valid for as long as you keep it; only a record cut into parts
    is joined in new memory. See `Mapped` for what must not happen to the files meanwhile.

    Args:
        paths: one file, or several that make one data set.
        num_parts: in how many parts to divide the files. They are divided by bytes, as dmlc-core does: the parts hold
            every record once, and never cut one.
        part_index: which part to read.
        on_error: ``stop``: a damaged record raises. ``skip``: go on at the next magic word that starts a record, and
            count in `losses`.
        verify: compare each record with the checksums of its file (`.rec.crc`), which must be there.

    Raises:
        OSError: if a file is not there.
        ValueError: if there is no such part.
    """

    def __init__(
        self,
        paths: PathLike | Sequence[PathLike],
        *,
        num_parts: int = 1,
        part_index: int = 0,
        on_error: OnError = "stop",
        verify: bool = False,
    ) -> None:
        if on_error not in ("stop", "skip"):
            raise ValueError(f"on_error must be 'stop' or 'skip', got {on_error!r}")
        given = [paths] if isinstance(paths, str | os.PathLike) else paths
        self.paths = tuple(Path(path) for path in given)
        self.losses = Losses()
        """What the latest iteration has skipped so far."""
        self._sizes = [path.stat().st_size for path in self.paths]
        self._ranges = byte_ranges(self._sizes, num_parts, part_index)
        self._skip, self._verify = on_error == "skip", verify

    def __iter__(self) -> Iterator[memoryview]:
        """The payloads. See `located`."""
        for _, records in self._scans():
            for _, payload in records:
                yield payload

    def located(self) -> Iterator[tuple[int, int, memoryview]]:
        """(Number of the file in `paths`, offset in it, payload) of each record.

        Raises:
            DamageError: for the first damaged record, unless they are skipped. All before it have been delivered.
            ChecksumError: by `verify`, if a file has no sound checksums.
            RefusedError: if a file has another size than when the reader was made.
            OSError: if a file cannot be opened.
        """
        for number, records in self._scans():
            for offset, payload in records:
                yield number, offset, payload

    def _scans(self) -> Iterator[tuple[int, Iterator[tuple[int, memoryview]]]]:
        self.losses = losses = Losses()
        for number, (path, (start, stop)) in enumerate(zip(self.paths, self._ranges, strict=True)):
            if start == stop:
                continue
            with Mapped(path) as mapped:
                if mapped.size != self._sizes[number]:
                    raise RefusedError(f"{path}: had {self._sizes[number]} bytes, has {mapped.size}; open it anew")
                span = find_start(mapped.buffer, start) if start else 0, find_start(mapped.buffer, stop)
                check = Checksums(path, mapped.size).check if self._verify else None
                with closing(scan(mapped, str(path), span, losses if self._skip else None, check)) as records:
                    yield number, records
