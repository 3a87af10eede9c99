"""The manifest: a JSON file beside the shards that says what they hold, how it came there, and what did not.

It depends on the images, their names below the folder that was packed, the options and the version of Pillow; not on
time, place or threads.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mxtrain.base.errors import FormatError
from mxtrain.data.files import read_file
from mxtrain.data.packing.moments import Moments
from recordio.files import Pending, publish

FORMAT: Literal["mxtrain-pack"] = "mxtrain-pack"
PROGRESS: Literal["mxtrain-pack-progress"] = "mxtrain-pack-progress"
VERSION: Literal[1] = 1
LIMIT = 1 << 30
_SUM = "crc32"

R = TypeVar("R")


_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_Count = Annotated[int, Field(ge=0)]
Size = tuple[int, int, int]
"""(height, width, channels)."""


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """One file.

    Args:
        name: in the folder of the manifest.
        bytes: its size.
        sha256: of its content.
    """

    __pydantic_config__ = _STRICT
    name: str
    bytes: _Count
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What the payloads are.

    Args:
        encode: jpeg, png, raw; keep: files as they were.
        size: of all images, if they have the same.
    """

    __pydantic_config__ = _STRICT
    encode: str
    size: Size | None = None


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One record file and the files that describe it.

    Args:
        records: how many it has.
        files: the `.rec` first.
        counts: label (of detection records: of the objects) -> how many.
        widths: numbers of labels that records have, sorted.
        size: of all images, if they have the same.
        moments: sums over its pixels; None if they were not looked at.
    """

    __pydantic_config__ = _STRICT
    records: _Count
    files: Annotated[tuple[FileFacts, ...], Field(min_length=1)]
    counts: dict[str, int]
    widths: tuple[int, ...]
    size: Size | None = None
    moments: Moments | None = None


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A file that should have been packed and was not.

    Args:
        path: as it was listed.
        reason: why.
        shard: where it is missing; None if it was refused before that was known.
        id: the number that it would have had.
    """

    __pydantic_config__ = _STRICT
    path: str
    reason: str
    shard: int | None = None
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """Something that lies among the images and is none.

    Args:
        path: as it was found.
        reason: why.
    """

    __pydantic_config__ = _STRICT
    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a pack holds.

    Args:
        plan: sha256 of the list of images and the options: of what was asked for.
        records: in all shards.
        classes: names of the classes in label order, if they are known.
        counts: class (label, where it has no name) -> records; of detection records: objects.
        label_width: smallest and largest number of labels of a record.
        images: what the payloads are.
        mean: of the packed pixels, per channel, 0 to 255; None if they were not looked at.
        std: their standard deviation.
        moments: the sums that they come from.
        source: what was packed.
        options: how.
        shards: in order.
        list: the `.lst` of what was packed: id, labels and path of each record, in order.
        rejected: files that should have been packed and were not.
        skipped: files that are no images by their names, and hidden ones.
    """

    __pydantic_config__ = _STRICT
    format: Literal["mxtrain-pack"] = FORMAT
    version: Literal[1] = VERSION
    plan: str
    records: _Count
    classes: tuple[str, ...] | None = None
    counts: dict[str, int]
    label_width: tuple[int, int]
    images: ImageFacts
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    moments: Moments | None = None
    source: dict[str, Any]
    options: dict[str, Any]
    shards: tuple[Shard, ...]
    list: FileFacts | None = None
    rejected: tuple[Rejected, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The shards that are finished, beside a pack that is not.

    Args:
        plan: as in the manifest that this will become.
        shards: number -> finished shard.
        rejected: files missing from them.
    """

    __pydantic_config__ = _STRICT
    format: Literal["mxtrain-pack-progress"] = PROGRESS
    version: Literal[1] = VERSION
    plan: str
    shards: dict[int, Shard]
    rejected: tuple[Rejected, ...] = ()


def write(path: Path, record: Manifest | Progress) -> None:
    """Write it under its name when it is whole on the disk.

    Raises:
        OSError: if it cannot be written; an old one stays.
    """
    pending = Pending(path)
    try:
        pending.file.write(_text(dataclasses.asdict(record)))
    except BaseException:
        pending.discard()
        raise
    publish([pending])


def _text(record: Mapping[str, Any]) -> bytes:
    # A checksum of its own: a flipped bit in a class name would otherwise pass for a name.
    return _dump({**record, _SUM: f"{zlib.crc32(_dump(record)):08x}"}) + b"\n"


def _dump(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, indent=1).encode()


def read(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        FormatError: if it is damaged, newer than this program, or no manifest.
        DataError: if it cannot be read.
    """
    return parse(read_file(path, LIMIT), str(path))


def parse(content: bytes, where: str) -> Manifest:
    """A manifest that comes from elsewhere; errors call it `where`.

    Raises:
        FormatError: as `read`.
    """
    return _parse(content, where, Manifest, FORMAT)


def is_ours(start: bytes) -> bool:
    """Whether a file with these first 256 bytes is a manifest: somebody else's a.json may lie beside a.rec."""
    # Two marks: damage to one must not make a manifest of ours foreign.
    return FORMAT.encode() in start or b'"plan"' in start


def read_progress(path: Path) -> Progress:
    """Read the file of an unfinished pack.

    Raises:
        FormatError: if it is damaged, newer than this program, or something else.
        DataError: if it cannot be read.
    """
    return _parse(read_file(path, LIMIT), str(path), Progress, PROGRESS)


def _parse(content: bytes, path: str, kind: type[R], name: str) -> R:
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not a manifest, or a damaged one: {error}") from None
    if not isinstance(record, dict) or record.get("format") != name:
        raise FormatError(f"{path}: expected a file of format {name!r}, got {_shown(record)}")
    if record.get("version") != VERSION:
        raise FormatError(f"{path}: version {record.get('version')!r}; this program reads version {VERSION}")
    claimed = record.pop(_SUM, None)
    if claimed is not None and claimed != f"{zlib.crc32(_dump(record)):08x}":
        raise FormatError(
            f"{path}: damaged: its {_SUM} does not hold; pack again, or remove the line {_SUM!r} if you changed it"
        )
    try:
        return TypeAdapter(kind).validate_python(record)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise FormatError(f"{path}: {where}: {first['msg']}") from None


def _shown(record: Any) -> str:
    return repr(record.get("format"))[:60] if isinstance(record, dict) else type(record).__name__


def check_names(shard: Shard, folder: str) -> None:
    """Refuse names of files that are more than names: a manifest may not lead out of its folder.

    Raises:
        FormatError: naming the first.
    """
    for file in shard.files:
        if file.name in ("", ".", "..") or os.path.basename(file.name) != file.name or "\0" in file.name:
            raise FormatError(f"{folder}: the manifest names a file {file.name!r}; expected one of its own folder")


def file_names(shard: Shard, folder: Path) -> list[Path]:
    """The files of a shard.

    Raises:
        FormatError: as `check_names`.
    """
    check_names(shard, str(folder))
    return [folder / file.name for file in shard.files]
