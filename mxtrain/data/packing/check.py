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
from mxtrain.data.packing.records import Place, Row, copied, manifests_of, row_of, told, walk
from mxtrain.data.prefetch import prefetch
from mxtrain.data.remote.address import beside
from mxtrain.data.remote.blocks import BLOCK
from mxtrain.data.remote.packs import Packs
from recordio import Checksums, DamageError, Index, Losses, RecordIOError, verify
from recordio.files import crc_path, idx_path
from recordio.idx import parse_idx
from recordio.index import load_idx, make_index

Tell = Callable[[int, int], None]

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

    rec: Place
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
    recs: Sequence[Place], decode: bool, threads: int, tell: Tell = lambda done, bad: None, packs: Packs | None = None
) -> Iterator[Findings]:
    """Check record files one after the other. Of a remote one the sha256 is not compared: the records' crc32 are.

    Args:
        recs: the files.
        decode: decode every image, too.
        threads: that decode.
        tell: is told how many records more were looked at, and how many problems they had.
        packs: reads the files behind an address.

    Raises:
        DataError: if a file cannot be read at all, or a manifest is damaged.
    """
    manifests = manifests_of(recs, packs)
    for rec in recs:
        found = Findings(rec, manifest=rec in manifests)
        if packs and isinstance(rec, str):
            yield _check_remote(found, packs, decode, (threads, tell))
            continue
        path = Path(rec)
        found.index, found.checksums = idx_path(path).is_file(), crc_path(path).is_file()
        record = manifests.get(rec)
        if record is not None:
            _check_manifest(found, path, record)
        offsets = _walk(found, None, decode, (threads, tell))
        if found.checksums:
            _check_sums(found, path)
        if found.index:
            _check_index(found, str(idx_path(path)), partial(load_idx, path), offsets)
        yield found


def _check_remote(found: Findings, packs: Packs, decode: bool, manner: tuple[int, Tell]) -> Findings:
    """Check one file behind an address; its size was compared with the manifest's when it was opened."""
    rec = str(found.rec)
    idx, sums = packs.beside(rec, ".idx"), packs.beside(rec, ".rec.crc")
    found.index, found.checksums = idx is not None, sums is not None
    size = packs.file(rec).size()
    # Under a name of this machine, which its messages would tell.
    with copied(sums, "a.rec.crc") as copy:
        compared = None
        if copy:
            try:
                compared = Checksums(copy.with_name("a.rec"), size)
            except RecordIOError as error:
                found.add(f"{beside(rec, '.rec.crc')}: {str(error).partition(': ')[2]}")
        offsets = _walk(found, packs, decode, manner, compared)
    if idx is not None:
        pieces = (idx.read(s, min(BLOCK, idx.size() - s)) for s in range(0, idx.size(), BLOCK))
        _check_index(found, idx.url, lambda: make_index(*parse_idx(pieces, idx.url), size, rec, idx.url), offsets)
    return found


def _check_manifest(found: Findings, rec: Path, record: Manifest) -> None:
    facts = next(s for s in record.shards if s.files[0].name == rec.name)
    problem = shard.differs(facts, rec.parent)
    if problem:
        found.add(f"{problem} (says the manifest)")


def _walk(
    found: Findings, packs: Packs | None, decode: bool, manner: tuple[int, Tell], sums: Checksums | None = None
) -> array[int]:
    """Look at every record; the offsets of the sound ones."""
    offsets: array[int] = array("Q")
    threads, tell = manner
    losses = Losses()

    def chunks() -> Iterator[list[Row]]:
        chunk: list[Row] = []
        for number, (offset, record) in enumerate(walk(found.rec, packs, losses)):
            offsets.append(offset)
            if sums:
                _check_sum(found, sums, (offset, record, number))
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
    for damage in losses.first:
        found.add(f"{damage.problem} ({damage.size} bytes lost)")
    found.count += max(losses.records - len(losses.first), 0)
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


def _check_sum(found: Findings, sums: Checksums, record: tuple[int, memoryview, int]) -> None:
    offset, payload, number = record
    try:
        sums.check(offset, payload, number, offset)
    except DamageError as error:
        problem = error.problem.replace(str(sums.sums), beside(str(found.rec), ".rec.crc"))
        found.add(f"{found.rec}: offset {offset}: record {number}: {problem}")


def _check_sums(found: Findings, rec: Path) -> None:
    try:
        for damage in verify(rec):
            if not any(f": offset {damage.offset}: " in problem for problem in found.problems):
                found.add(str(damage))
    except RecordIOError as error:
        found.add(str(error))


def _check_index(found: Findings, idx: str, read: Callable[[], Index], walked: array[int]) -> None:
    try:
        offsets = read().offsets
    except (RecordIOError, OSError) as error:
        found.add(str(error))
        return
    there, listed = set(walked), set(offsets)
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
