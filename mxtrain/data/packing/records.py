"""Records with their header, their class and the name of the file that they came from, for looking at them."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.packing import places, raw
from mxtrain.data.packing.listing import Labels
from mxtrain.data.packing.manifest import FileFacts, Manifest
from mxtrain.data.remote.file import RemoteFile
from mxtrain.data.remote.packs import Packs
from recordio import Header, HeaderError, IndexedReader, Losses, RecordIOError, read_lst, scan_ranges, unpack
from recordio.files import Mapped
from recordio.scan import scan

Place = Path | str
"""A file here, or the URL of one elsewhere."""

_PIECE = 4 << 20
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

    rec: Place
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


def rows(recs: Sequence[Place], packs: Packs | None = None) -> Iterator[Row]:
    """The records of some files, in order; `packs` reads those behind an address.

    Raises:
        FormatError: for the first damaged record.
        DataError: if a file cannot be read.
    """
    with told():
        for rec in recs:
            with closing(walk(rec, packs)) as records:
                for number, (_, record) in enumerate(records):
                    yield row_of(rec, number, record)


def walk(
    rec: Place, packs: Packs | None, losses: Losses | None = None
) -> Generator[tuple[int, memoryview], None, None]:
    """(Offset, record) of each record of a file; damaged ones raise, unless there are losses to count them in.

    Raises:
        DamageError: for a damaged record.
        DataError, OSError: if the file cannot be read.
    """
    if packs and isinstance(rec, str):
        yield from scan_ranges(packs.file(rec), rec, None, losses)
        return
    with Mapped(rec) as mapped:
        yield from scan(mapped, str(rec), None, losses)


def row_of(rec: Place, number: int, record: memoryview) -> Row:
    """A record and what its header says."""
    try:
        header, payload = unpack(record)
    except HeaderError:
        return Row(rec, number, None, record)
    return Row(rec, number, header, payload)


def row_at(recs: Sequence[Place], number: int, by_key: bool, packs: Packs | None = None) -> Row:
    """One record of several files, by its number in all of them, or by its key.

    Raises:
        FormatError: if a file is damaged.
        DataError: if there is no such record.
    """
    left = number
    with told():
        for rec in recs:
            with packs.open(rec) if packs and isinstance(rec, str) else IndexedReader(rec) as reader:
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


def _listed(recs: Sequence[Place]) -> str:
    return ", ".join(map(str, recs[:3])) + (f" and {len(recs) - 3} more" if len(recs) > 3 else "")


@dataclass(frozen=True)
class Names:
    """What the files beside a pack tell of its records: by `.rec`, classes and the paths of images by id."""

    manifests: Mapping[Place, Manifest]
    paths: Mapping[Place, Mapping[int, str]]

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


def names_of(recs: Sequence[Place], packs: Packs | None = None) -> Names:
    """What manifests and lists beside some record files say. A foreign `.lst` is not believed.

    Raises:
        DataError: if one of them is damaged.
    """
    manifests = manifests_of(recs, packs)
    paths: dict[Place, Mapping[int, str]] = {}
    read: dict[tuple[Path | str, FileFacts | None], Mapping[int, str]] = {}
    for rec, record in manifests.items():
        name = str(rec)[: str(rec).rfind("/") + 1] + places.prefix_of(Path(rec)).name, record.list
        if name not in read:
            with told(), list_of(rec, packs) as path:
                read[name] = {e.index: e.path for e in read_lst(path)} if record.list and path else {}
        paths[rec] = read[name]
    return Names(manifests, paths)


def manifests_of(recs: Sequence[Place], packs: Packs | None = None) -> dict[Place, Manifest]:
    """The manifests that describe some record files: file -> manifest.

    Raises:
        DataError: if one is damaged, or cannot be read.
    """
    found: dict[Place, Manifest] = {}
    found.update(places.manifests(rec for rec in recs if isinstance(rec, Path)).items())
    if packs:
        found.update(packs.manifests(rec for rec in recs if isinstance(rec, str)))
    return found


@contextmanager
def list_of(rec: Place, packs: Packs | None) -> Iterator[Path | None]:
    """The list of the pack that a record file belongs to, as a file here; None if there is none.

    Raises:
        DataError: if it cannot be read.
    """
    if packs and isinstance(rec, str):
        with copied(packs.list_of(rec), "list.lst") as path:
            yield path
        return
    path = places.list_path(places.prefix_of(Path(rec)))
    yield path if path.is_file() else None


@contextmanager
def copied(file: RemoteFile | None, name: str) -> Iterator[Path | None]:
    """A remote file as a local one of some name, for as long as the context lasts; None if there is none."""
    if file is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mxtrain-") as folder:
        path = Path(folder, name)
        with path.open("wb") as copy:
            for start in range(0, file.size(), _PIECE):
                copy.write(file.read(start, min(_PIECE, file.size() - start)))
        yield path
