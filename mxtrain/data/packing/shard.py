"""One shard of a pack: written image by image in order, or found whole from an earlier attempt."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.data import decoders
from mxtrain.data.packing import encoding
from mxtrain.data.packing.convert import Recipe, convert
from mxtrain.data.packing.listing import Labels, Listing, shown
from mxtrain.data.packing.manifest import FileFacts, Rejected, Shard, file_names
from mxtrain.data.packing.moments import Moments, add
from mxtrain.data.packing.raw import Shape
from mxtrain.data.prefetch import prefetch
from recordio import Checksums, Header, HeaderError, RefusedError, Writer, open_index, pack, parse_detection
from recordio.files import crc_path, idx_path

FILES_AT_ONCE, BYTES_AT_ONCE = 32, 1 << 20
"""What one thread converts before it hands over: small images by the dozen, large ones one by one."""

_BLOCK = 1 << 20

Tell = Callable[[int, int], None]
"""Is told how many images more were packed, and how many more were rejected."""


@dataclass(frozen=True)
class Manner:
    """What does not change the result.

    Args:
        threads: that convert.
        strict: the first image that cannot be packed stops.
        overwrite: replace another pack of the name.
        tell: is told how many images more are done, and how many of them were rejected.
    """

    threads: int = 1
    strict: bool = False
    overwrite: bool = False
    tell: Tell = lambda done, rejected: None


class Made(NamedTuple):
    """An image as a record: (H, W, C), and the moments of its pixels."""

    record: bytes
    shape: Shape
    moments: Moments


@dataclass
class Tally:
    """What a shard holds, counted while it is written."""

    counts: Counter[str] = field(default_factory=Counter)
    widths: set[int] = field(default_factory=set)
    shapes: set[Shape] = field(default_factory=set)
    moments: Moments = field(default_factory=Moments)

    def add(self, labels: Labels, shape: Shape | None = None, moments: Moments | None = None) -> None:
        """Count one record."""
        self.counts.update(counted(labels))
        self.widths.add(len(labels))
        if shape is not None and len(self.shapes) < 2:
            self.shapes.add(shape)
        if moments is not None:
            self.moments = add((self.moments, moments))

    def shard(self, records: int, files: tuple[FileFacts, ...]) -> Shard:
        """The facts about the finished shard."""
        return Shard(
            records=records, files=files, counts=dict(sorted(self.counts.items(), key=_by_number)),
            widths=tuple(sorted(self.widths)), size=next(iter(self.shapes)) if len(self.shapes) == 1 else None,
            moments=self.moments,
        )  # fmt: skip


def counted(labels: Labels) -> list[str]:
    """The labels that count: one, or the class of each object of a detection record; none of other lists of labels."""
    if len(labels) == 1:
        return [f"{labels[0]:g}"]
    try:
        return [f"{found[0]:g}" for found in parse_detection(labels).objects]
    except HeaderError:
        return []


def _by_number(item: tuple[str, int]) -> float:
    return float(item[0])


def write_shard(
    path: Path, listing: Listing, positions: NDArray[np.int64], recipe: Recipe, manner: Manner
) -> tuple[Shard, list[Rejected]]:
    """Convert the images at `positions` and write them in that order, on several threads a bounded way ahead.

    Returns:
        the finished shard, and the images that could not be packed.

    Raises:
        DataError: strict: for the first image that cannot be packed.
        OSError: if the shard cannot be written. Nothing is left of it, in either case.
    """
    tally = Tally()
    lost: list[Rejected] = []
    chunks = _chunks(listing, positions)
    jobs = lambda chunk: [partial(_convert_all, listing, chunk, recipe)]  # noqa: E731 - closes over the listing
    with Writer(path) as writer, prefetch(chunks, jobs, manner.threads, 2 * manner.threads) as results:
        for chunk, (made,) in results:
            before = len(lost)
            for position, item in zip(chunk, made, strict=True):
                key = int(listing.ids[position])
                problem = item if isinstance(item, str) else _append(writer, item, key)
                if problem:
                    lost.append(Rejected(path=shown(listing.paths[position]), reason=problem, id=key))
                    if manner.strict:
                        raise refused(lost[-1])
                elif isinstance(item, Made):
                    tally.add(listing.labels[position], item.shape, item.moments)
            manner.tell(len(chunk), len(lost) - before)
    return tally.shard(writer.records, facts_of(path)), lost


def refused(rejected: Rejected) -> DataError:
    """The error for an image that cannot be packed."""
    return DataError(f"{rejected.path}: {rejected.reason}; --strict stops at the first image that cannot be packed")


def _chunks(listing: Listing, positions: NDArray[np.int64]) -> Iterator[list[int]]:
    chunk: list[int] = []
    size = 0
    for position in positions.tolist():
        chunk.append(position)
        size += max(listing.size(position), 0)
        if len(chunk) == FILES_AT_ONCE or size >= BYTES_AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _convert_all(listing: Listing, chunk: Sequence[int], recipe: Recipe) -> list[Made | str]:
    """Each image as a record, or why there is none."""
    with decoders.lending(), encoding.scratch():
        return [_make(listing, position, recipe) for position in chunk]


def _make(listing: Listing, position: int, recipe: Recipe) -> Made | str:
    file, labels = listing.file(position), listing.labels[position]
    try:
        if listing.kind == "list":
            check_inside(file, listing.root)
        payload, shape, found = convert(file, recipe)
        header = Header(labels if len(labels) > 1 else labels[0], int(listing.ids[position]))
        return Made(pack(header, payload), shape, found)
    except (DataError, HeaderError) as error:
        return shown(str(error).removeprefix(f"{file}: "))


def check_inside(file: Path, root: Path) -> None:
    """Refuse a file that a link leads out of `root`.

    Raises:
        DataError: if it does.
    """
    real, inside = os.path.realpath(file), os.path.realpath(root)
    if os.path.commonpath([real, inside]) != inside:
        raise DataError(f"{file}: a link leads out of {root}; a list may only name files below its root (--root)")


def _append(writer: Writer, made: Made, key: int) -> str:
    try:
        writer.write(made.record, key)
    except RefusedError as error:
        return str(error).removeprefix(f"{writer.path}: ")
    return ""


def facts_of(path: Path) -> tuple[FileFacts, ...]:
    """The files of a finished shard: `.rec`, `.idx`, checksums. Its mapped index is made, which saves the first reader
    of millions of records seconds; like every cache it is no part of the pack.

    Raises:
        OSError: if one cannot be read.
        RecordIOError: if the checksums are damaged.
    """
    open_index(path)
    size = path.stat().st_size
    files = [FileFacts(name=path.name, bytes=size, sha256=Checksums(path, size).sha256)]
    files += [file_facts(beside) for beside in (idx_path(path), crc_path(path))]
    return tuple(files)


def file_facts(path: Path) -> FileFacts:
    """Size and hash of one file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return FileFacts(name=path.name, bytes=size, sha256=digest.hexdigest())


def differs(shard: Shard, folder: Path) -> str:
    """What is not as a shard's facts say: "" if all of its files are whole.

    Raises:
        FormatError: if the facts name a file of another folder.
    """
    for path, fact in zip(file_names(shard, folder), shard.files, strict=True):
        try:
            if path.stat().st_size != fact.bytes:
                return f"{path}: expected {fact.bytes} bytes, got {path.stat().st_size}"
            found = file_facts(path)
        except OSError as error:
            return f"{path}: {error.strerror or error}"
        if found.sha256 != fact.sha256:
            return f"{path}: expected sha256 {fact.sha256}, got {found.sha256}"
    return ""


def stale(shard: Shard, folder: Path, listing: Listing, positions: NDArray[np.int64]) -> bool:
    """Whether an image was changed, or replaced, after the shard was written."""
    written = (folder / shard.files[0].name).stat().st_mtime_ns
    for position in positions.tolist():
        try:
            found = os.stat(listing.file(position))
            # A file that was moved here may be older than what it replaced.
            if max(found.st_mtime_ns, found.st_ctime_ns) > written:
                return True
        except OSError:
            # One that has gone since shows in the digest of the list.
            continue
    return False
