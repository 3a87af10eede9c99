"""What is wrong with packed files: every record walked, checksums, index, manifest, and the images if asked."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mxtrain.base.errors import DataError
from mxtrain.data import image
from mxtrain.data.packing import places, shard
from mxtrain.data.packing.manifest import Manifest
from mxtrain.data.packing.records import Row, row_of, told
from mxtrain.data.prefetch import prefetch
from recordio import Reader, RecordIOError, verify
from recordio.files import crc_path, idx_path
from recordio.index import load_idx

LISTED = 100
"""Problems of one file that are listed one by one."""

_ROWS_AT_ONCE = 32


@dataclass
class Findings:
    """What is known of a record file after it was checked.

    Args:
        rec: the file.
        records: sound ones.
        without_image: records that hold labels only (an InsightFace header, identities).
        decoded: images that were decoded, all of them well.
        index: whether there is an `.idx`.
        checksums: whether there are checksums.
        manifest: whether a manifest describes it.
        problems: what is wrong, the first LISTED.
        count: of all problems.
    """

    rec: Path
    records: int = 0
    without_image: int = 0
    decoded: int = 0
    index: bool = False
    checksums: bool = False
    manifest: bool = False
    problems: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, problem: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.problems) < LISTED:
            self.problems.append(problem)


def check(
    recs: Sequence[Path], decode: bool, threads: int, tell: Callable[[int, int], None] = lambda done, bad: None
) -> Iterator[Findings]:
    """Check record files one after the other.

    Args:
        recs: the files.
        decode: decode every image, too.
        threads: that decode.
        tell: is told how many records more were looked at, and how many problems they had.

    Raises:
        DataError: if a file cannot be read at all, or a manifest is damaged.
    """
    manifests = places.manifests(recs)
    for rec in recs:
        found = Findings(rec, index=idx_path(rec).is_file(), checksums=crc_path(rec).is_file())
        record = manifests.get(rec)
        if record is not None:
            found.manifest = True
            _check_manifest(found, record)
        offsets = _walk(found, decode, threads, tell)
        if found.checksums:
            _check_sums(found)
        if found.index:
            _check_index(found, offsets)
        yield found


def _check_manifest(found: Findings, record: Manifest) -> None:
    facts = next(s for s in record.shards if s.files[0].name == found.rec.name)
    problem = shard.differs(facts, found.rec.parent)
    if problem:
        found.add(f"{problem} (says the manifest)")


def _walk(found: Findings, decode: bool, threads: int, tell: Callable[[int, int], None]) -> array[int]:
    """Look at every record; the offsets of the sound ones."""
    offsets: array[int] = array("Q")
    with told():
        reader = Reader(found.rec, on_error="skip")

    def chunks() -> Iterator[list[Row]]:
        chunk: list[Row] = []
        for number, (_, offset, record) in enumerate(reader.located()):
            offsets.append(offset)
            chunk.append(row_of(found.rec, number, record))
            if len(chunk) == _ROWS_AT_ONCE:
                yield chunk
                chunk = []
        yield chunk

    looks = lambda chunk: [partial(_look, chunk, decode)]  # noqa: E731 - closes over `decode`
    with told(), prefetch(chunks(), looks, threads if decode else 0, 2 * threads) as looked:
        for chunk, (problems,) in looked:
            found.records += len(chunk)
            found.without_image += sum(row.kind == "none" for row in chunk)
            found.decoded += sum(row.kind != "none" for row in chunk) - len(problems) if decode else 0
            for problem in problems:
                found.add(problem)
            tell(len(chunk), len(problems))
    for damage in reader.losses.first:
        found.add(f"{damage.problem} ({damage.size} bytes lost)")
    found.count += max(reader.losses.records - len(reader.losses.first), 0)
    return offsets


def _look(rows: Sequence[Row], decode: bool) -> list[str]:
    problems = []
    for row in rows:
        where = f"{row.rec}: record {row.number}"
        if row.header is None:
            problems.append(f"{where}: too short for an image record, or for the labels that it announces")
        elif decode and row.kind != "none":
            try:
                image.decode(row.payload, name=where, formats=tuple(image.FORMATS))
            except DataError as error:
                problems.append(str(error))
    return problems


def _check_sums(found: Findings) -> None:
    try:
        for damage in verify(found.rec):
            if not any(f": offset {damage.offset}: " in problem for problem in found.problems):
                found.add(str(damage))
    except RecordIOError as error:
        found.add(str(error))


def _check_index(found: Findings, walked: array[int]) -> None:
    try:
        offsets = load_idx(found.rec).offsets
    except (RecordIOError, OSError) as error:
        found.add(str(error))
        return
    there, listed = set(walked), set(offsets)
    idx = idx_path(found.rec)
    for offset in sorted(listed - there):
        found.add(f"{idx}: names offset {offset}, where no sound record starts")
    for offset in sorted(there - listed):
        found.add(f"{idx}: does not name the record at offset {offset}")


def check_list(recs: Sequence[Path]) -> list[str]:
    """What is wrong with the lists of packed images beside some record files.

    Raises:
        DataError: if a manifest is damaged.
    """
    problems = []
    for path, record in {places.list_path(places.prefix_of(r)): m for r, m in places.manifests(recs).items()}.items():
        if record.list is None:
            continue
        with suppress(OSError):
            if shard.file_facts(path) != record.list:
                problems.append(f"{path}: not the list that the manifest names, or changed since")
        if not path.is_file():
            problems.append(f"{path}: is missing; the manifest names it")
    return problems
