"""Merging packs, and splitting one: records copied with new ids and labels; their images are not touched."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mxtrain.base.errors import DataError, UsageError
from mxtrain.data.packing import choose, manifest, moments, places, writing
from mxtrain.data.packing.listing import Labels
from mxtrain.data.packing.manifest import Manifest, Shard
from mxtrain.data.packing.moments import Moments
from mxtrain.data.packing.raw import shape_of
from mxtrain.data.packing.records import Row, names_of, rows
from mxtrain.data.packing.shard import Tally, facts_of, file_facts
from mxtrain.data.packing.summary import summarise
from recordio import Entry, Header, RecordIOError, Writer, pack, write_lst
from recordio.files import cache_path, crc_path, idx_path

Tell = Callable[[int, int], None]


class Record(NamedTuple):
    """A record as it will be: its id and labels, and the path of its image if that is known."""

    id: int
    labels: Labels
    path: str | None
    row: Row


@dataclass(frozen=True)
class Result:
    """What is written.

    Args:
        prefix: what precedes `.rec`.
        shards: number of record files.
        classes: names of the classes.
        encode: what the payloads are.
        total: sums over the pixels, if they are known.
        source: for the manifest.
        options: likewise.
    """

    prefix: Path
    shards: int
    classes: tuple[str, ...] | None
    encode: str
    total: Moments | None
    source: dict[str, Any]
    options: dict[str, Any]


def merge(inputs: Sequence[Sequence[Path]], out: Path, shards: int, overwrite: bool, tell: Tell) -> Manifest:
    """One pack of several. An id that comes again is replaced by a free one; classes are joined by name, sorted.

    Args:
        inputs: the record files of each pack.
        out: what precedes `.rec`.
        shards: number of record files.
        overwrite: replace a pack of the name.
        tell: is told how many records more are written.

    Raises:
        DataError: if a record holds no image, or only some packs know their classes.
        UsageError: if a pack of the name is there, or among the inputs.
    """
    recs = [rec for files in inputs for rec in files]
    out = _target(out, recs, overwrite, shards)
    held = places.manifests(recs)
    classes = _joined(recs, held)
    ids = _unique(header_ids(recs))
    names = names_of(recs)

    def records() -> Iterator[Record]:
        for number, row in enumerate(rows(recs)):
            labels = row.labels
            own = held[row.rec].classes if row.rec in held else None
            if own is not None and own != classes:
                labels = _relabelled(row, own, classes or ())
            yield Record(int(ids[number]), labels, names.path_of(row), row)

    total = _total(recs, held)
    source = {"kind": "merge", "packs": [places.prefix_of(files[0]).name for files in inputs]}
    result = Result(out, shards, classes, _encode(recs, held), total, source, {})
    return write_pack(result, records, len(ids), tell)


def split(
    recs: Sequence[Path], out: Path, val: float, how: dict[str, Any], overwrite: bool, tell: Tell
) -> list[Manifest]:
    """One pack as two, `out`-train and `out`-val, or cut into another number of shards. Ids and order stay.

    Args:
        recs: the record files.
        out: what precedes `.rec`.
        val: fraction that goes to the second; 0: only the number of shards changes.
        how: shards, stratify, seed.
        overwrite: replace packs of these names.
        tell: is told how many records more are written.

    Raises:
        DataError: if a record holds no image, or a set would be empty.
        UsageError: if a pack of the name is there, or is the one that is split.
    """
    labels = [row.labels for row in _images(recs)]
    held = places.manifests(recs)
    classes = _joined(recs, held)
    names = names_of(recs)
    source = {"kind": "split", "packs": sorted({places.prefix_of(rec).name for rec in recs})}
    total = None if val else _total(recs, held)
    if val:
        chosen = choose.hold_out(labels, val, how["stratify"], how["seed"])
        sets = {"-train": ~chosen, "-val": chosen}
    else:
        sets = {"": np.ones(len(labels), bool)}
    targets = {ending: _target(_named(out, ending), recs, overwrite, how["shards"]) for ending in sets}
    made = []
    for ending, members in sets.items():

        def records(members: Any = members) -> Iterator[Record]:
            for row, wanted in zip(rows(recs), members, strict=True):
                if wanted and row.header is not None:
                    yield Record(row.header.id, row.labels, names.path_of(row), row)

        options = {"val": val, **how}
        result = Result(targets[ending], how["shards"], classes, _encode(recs, held), total, source, options)
        made.append(write_pack(result, records, int(members.sum()), tell))
    return made


def _named(out: Path, ending: str) -> Path:
    out = places.prefix(out)
    return out.with_name(out.name + ending)


def write_pack(result: Result, records: Callable[[], Iterator[Record]], count: int, tell: Tell) -> Manifest:
    """Write a pack; all of it, or nothing.

    Args:
        result: what it is.
        records: gives them anew with each call.
        count: of them.
        tell: is told how many more are written.

    Raises:
        OutOfSpace, EnvironmentFault: if it cannot be written.
    """
    if result.shards > max(count, 1):
        raise UsageError(f"{result.shards} shards for {count} records; ask for fewer (--shards)")
    prefix, shards = result.prefix, result.shards
    paths = [places.shard_path(prefix, number, shards) for number in range(shards)]
    written = [places.list_path(prefix)]
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with writing.told(prefix, "nothing of it stays"), writing.lock(prefix):
        writing.remove(prefix)
        try:
            stream, made = records(), []
            for path, (start, stop) in zip(paths, choose.parts(count, shards), strict=True):
                written += [path, idx_path(path), crc_path(path), cache_path(path)]
                made.append(_write_shard(path, itertools.islice(stream, stop - start), tell))
            listed = _write_list(prefix, records())
            digest = hashlib.sha256("".join(s.files[0].sha256 for s in made).encode()).hexdigest()
            found = summarise(
                made, result.classes, result.encode, result.total, plan=digest, source=result.source,
                options=result.options, list=listed,
            )  # fmt: skip
            manifest.write(places.manifest_path(prefix), found)
        except BaseException:
            for path in written:
                with suppress(OSError):
                    path.unlink()
            raise
    return found


def _write_shard(path: Path, records: Iterator[Record], tell: Tell) -> Shard:
    tally = Tally()
    try:
        with Writer(path) as writer:
            for record in records:
                given = record.row.header or Header(0.0, 0)
                label = record.labels if isinstance(given.label, tuple) else record.labels[0]
                writer.write(pack(Header(label, record.id, given.id2), record.row.payload), record.id)
                tally.add(record.labels, shape_of(record.row.payload))
                tell(1, 0)
    except RecordIOError as error:
        raise DataError(str(error)) from None
    return tally.shard(writer.records, facts_of(path))


def _write_list(prefix: Path, records: Iterator[Record]) -> manifest.FileFacts | None:
    """The list of images, if the paths of all are known."""
    path = places.list_path(prefix)
    entries = []
    for record in records:
        if record.path is None:
            path.unlink(missing_ok=True)
            return None
        entries.append(Entry(record.id, record.labels, record.path))
    write_lst(path, entries)
    return file_facts(path)


def _target(out: Path, recs: Sequence[Path], overwrite: bool, shards: int) -> Path:
    prefix = places.prefix(out)
    paths = [places.shard_path(prefix, number, shards) for number in range(shards)]
    inputs = {os.path.realpath(rec) for rec in recs}
    own = {os.path.realpath(path) for path in (*paths, places.manifest_path(prefix))}
    if own & inputs or any(places.prefix_of(rec) == prefix for rec in recs):
        raise UsageError(f"{prefix}: is what shall be read; choose another OUT")
    taken = [path for path in (places.manifest_path(prefix), *paths) if path.exists()]
    if taken and not overwrite:
        raise UsageError(f"{taken[0]}: is there already; --overwrite replaces it, or choose another OUT")
    return prefix


def header_ids(recs: Sequence[Path]) -> list[int]:
    """The ids of all records.

    Raises:
        DataError: if one holds no image.
    """
    return [row.header.id for row in _images(recs) if row.header is not None]


def _images(recs: Sequence[Path]) -> Iterator[Row]:
    for row in rows(recs):
        if row.header is None or not len(row.payload):
            raise DataError(
                f"{row.rec}: record {row.number} holds no image (a header of InsightFace, or no image record); such "
                "files refer to their own keys: `mxtrain pack unpack` them, and pack the folder"
            )
        yield row


def _unique(ids: Sequence[int]) -> Sequence[int]:
    """The ids, those that came before replaced by free ones above the largest."""
    free = itertools.count(max(ids, default=0) + 1)
    seen: set[int] = set()
    kept = []
    for id in ids:
        kept.append(next(free) if id in seen else id)
        seen.add(id)
    return kept


def _joined(recs: Sequence[Path], held: dict[Path, Manifest]) -> tuple[str, ...] | None:
    """The classes of all packs together: theirs if they agree, else sorted; None if none knows any."""
    lists = [held[rec].classes if rec in held else None for rec in recs]
    without = [rec for rec, classes in zip(recs, lists, strict=True) if classes is None]
    known = [classes for classes in lists if classes is not None]
    if not known:
        return None
    if without:
        raise DataError(
            f"{without[0]}: the names of its classes are not known, those of other files are: their labels cannot be "
            "joined; pack it with --classes"
        )
    if all(classes == known[0] for classes in known):
        return known[0]
    return tuple(sorted({name for classes in known for name in classes}, key=os.fsencode))


def _relabelled(row: Row, own: tuple[str, ...], classes: tuple[str, ...]) -> Labels:
    label = row.labels[0]
    if len(row.labels) != 1 or not (label.is_integer() and 0 <= label < len(own)):
        raise DataError(
            f"{row.rec}: record {row.number}: labels {row.labels[:8]} are no class of its manifest; packs with "
            "different classes can only be merged if each record has one class"
        )
    return (float(classes.index(own[int(label)])),)


def _total(recs: Sequence[Path], held: dict[Path, Manifest]) -> Moments | None:
    """Sums over all pixels, if whole packs with known sums go in."""
    packs = {places.prefix_of(rec): held.get(rec) for rec in recs}
    found = []
    for prefix, record in packs.items():
        files = {rec.name for rec in recs if places.prefix_of(rec) == prefix}
        if record is None or record.moments is None or files != {s.files[0].name for s in record.shards}:
            return None
        found.append(record.moments)
    return moments.add(found)


def _encode(recs: Sequence[Path], held: dict[Path, Manifest]) -> str:
    kinds = {held[rec].images.encode if rec in held else "keep" for rec in recs}
    return kinds.pop() if len(kinds) == 1 else "keep"
