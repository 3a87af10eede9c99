"""Records with their header, their class and the name of the file that they came from, for looking at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.packing import places, raw
from mxtrain.data.packing.listing import Labels
from mxtrain.data.packing.manifest import Manifest
from recordio import Header, HeaderError, IndexedReader, Reader, RecordIOError, read_lst, unpack

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"P6", "ppm"),
    (b"P5", "pgm"), (b"RIFF", "webp"),
)  # fmt: skip


class Row(NamedTuple):
    """One record.

    Args:
        rec: its file.
        number: its place in the file.
        header: None if it is no image record.
        payload: what follows the header.
    """

    rec: Path
    number: int
    header: Header | None
    payload: memoryview

    @property
    def labels(self) -> Labels:
        """The labels; () if it is no image record."""
        return () if self.header is None else labels_of(self.header)

    @property
    def kind(self) -> str:
        """jpeg, png ..., raw with its size; none: no payload; other; damaged: no image record."""
        if self.header is None:
            return "damaged"
        shape = raw.shape_of(self.payload)
        return f"raw {shape}" if shape else format_of(self.payload)


def labels_of(header: Header) -> Labels:
    """The labels of a record, one or several."""
    return header.label if isinstance(header.label, tuple) else (header.label,)


def format_of(payload: bytes | memoryview) -> str:
    """What a payload is by its first bytes: jpeg, png, ...; none: nothing; other."""
    if not len(payload):
        return "none"
    start = bytes(payload[:12])
    return next((name for magic, name in _MAGIC if start.startswith(magic)), "other")


@contextmanager
def told() -> Iterator[None]:
    """Within the context, what recordio says of a file becomes an error of ours.

    Raises:
        FormatError: for a damaged file.
        DataError: for one that the system does not give.
    """
    try:
        yield
    except RecordIOError as error:
        raise FormatError(str(error)) from None
    except OSError as error:
        raise DataError(f"{error.filename or 'record file'}: cannot be read: {error.strerror or error}") from None


def rows(recs: Sequence[Path]) -> Iterator[Row]:
    """The records of some files, in order.

    Raises:
        FormatError: for the first damaged record.
        DataError: if a file cannot be read.
    """
    with told():
        for rec in recs:
            for number, record in enumerate(Reader(rec)):
                yield row_of(rec, number, record)


def row_of(rec: Path, number: int, record: memoryview) -> Row:
    """A record and what its header says."""
    try:
        header, payload = unpack(record)
    except HeaderError:
        return Row(rec, number, None, record)
    return Row(rec, number, header, payload)


def row_at(recs: Sequence[Path], number: int, by_key: bool) -> Row:
    """One record of several files, by its number in all of them, or by its key.

    Raises:
        FormatError: if a file is damaged.
        DataError: if there is no such record.
    """
    left = number
    with told():
        for rec in recs:
            with IndexedReader(rec) as reader:
                try:
                    at = reader.index.number(number) if by_key else left
                except KeyError:
                    continue
                if at < len(reader):
                    return row_of(rec, at, reader[at])
                left -= len(reader)
    if by_key:
        raise DataError(f"{_listed(recs)}: no record has the key {number}")
    raise DataError(f"{_listed(recs)}: no record {number}; there are {number - left}, counted from 0")


def _listed(recs: Sequence[Path]) -> str:
    return ", ".join(map(str, recs[:3])) + (f" and {len(recs) - 3} more" if len(recs) > 3 else "")


@dataclass(frozen=True)
class Names:
    """What the files beside a pack tell of its records: by `.rec`, classes and the paths of images by id."""

    manifests: Mapping[Path, Manifest]
    paths: Mapping[Path, Mapping[int, str]]

    def class_of(self, row: Row) -> str | None:
        """The name of a record's class, if it has one label and that a name."""
        record = self.manifests.get(row.rec)
        if record is None or record.classes is None or len(row.labels) != 1:
            return None
        label = row.labels[0]
        return record.classes[int(label)] if label.is_integer() and 0 <= label < len(record.classes) else None

    def path_of(self, row: Row) -> str | None:
        """The path of the file that a record was made of, as it was listed."""
        return None if row.header is None else self.paths.get(row.rec, {}).get(row.header.id)


def names_of(recs: Sequence[Path]) -> Names:
    """What manifests and lists beside some record files say. A foreign `.lst` is not believed.

    Raises:
        DataError: if one of them is damaged.
    """
    manifests = places.manifests(recs)
    paths: dict[Path, Mapping[int, str]] = {}
    read: dict[Path, Mapping[int, str]] = {}
    for rec, record in manifests.items():
        path = places.list_path(places.prefix_of(rec))
        if path not in read:
            with told():
                listed = record.list is not None and path.is_file()
                read[path] = {entry.index: entry.path for entry in read_lst(path)} if listed else {}
        paths[rec] = read[path]
    return Names(manifests, paths)
