"""Names: OUT stands for OUT.rec (or OUT-00000-of-00004.rec ...), OUT.json (manifest), OUT.lst (the images packed)."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from pathlib import Path

from mxtrain.base.errors import DataError, FormatError, UsageError
from mxtrain.data.packing import manifest
from mxtrain.data.packing.manifest import Manifest

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_SUFFIXES = (".rec", ".json")
_GLOB = re.compile(r"[*?\[]")


def prefix(out: Path) -> Path:
    """What a user's OUT means: OUT itself, or what precedes `.rec` or `.json`.

    Raises:
        UsageError: for a folder.
    """
    if out.is_dir() or not out.name:
        raise UsageError(f"{out}: is a folder; name what the files in it begin with, for example {out / 'train'}")
    return out.with_suffix("") if out.suffix in _SUFFIXES else out


def manifest_path(prefix: Path) -> Path:
    """OUT.json."""
    return prefix.with_name(prefix.name + ".json")


def list_path(prefix: Path) -> Path:
    """OUT.lst."""
    return prefix.with_name(prefix.name + ".lst")


def progress_path(prefix: Path) -> Path:
    """OUT.progress.json: the shards finished so far."""
    return prefix.with_name(prefix.name + ".progress.json")


def lock_path(prefix: Path) -> Path:
    """OUT.lock: held while OUT is written."""
    return prefix.with_name(prefix.name + ".lock")


def shard_path(prefix: Path, number: int, shards: int) -> Path:
    """The name of a shard."""
    name = prefix.name if shards == 1 else f"{prefix.name}-{number:05}-of-{shards:05}"
    return prefix.with_name(name + ".rec")


def prefix_of(rec: Path) -> Path:
    """The prefix that a record file belongs to by its name."""
    return rec.with_name(_SHARD.sub("", rec.stem))


def find(given: Path) -> tuple[Path, ...]:
    """The record files that a path means: a `.rec`, a manifest, the prefix of a pack, or a pattern.

    Raises:
        DataError: if there are none.
    """
    if given.is_file() and given.suffix == ".json":
        return shards_of(given)
    if given.is_file():
        return (given,)
    if _GLOB.search(str(given)):
        found = tuple(sorted(Path(p) for p in glob.glob(str(given)) if Path(p).is_file()))
        if not found:
            raise DataError(f"{given}: no file has such a name")
        return found
    if given.is_dir():
        held = sorted(p.name for p in given.iterdir() if p.suffix in _SUFFIXES)[:6]
        raise DataError(f"{given}: is a folder; name record files in it ({', '.join(held) or 'it holds none'})")
    if manifest_path(given).is_file():
        return shards_of(manifest_path(given))
    if progress_path(given).is_file():
        raise DataError(f"{given}: packing is not finished; the same `mxtrain pack images` command goes on with it")
    tried = given if given.suffix in _SUFFIXES else f"{manifest_path(given)} and {shard_path(given, 0, 1)}"
    rec = shard_path(given, 0, 1)
    if not rec.is_file():
        raise DataError(f"record files {str(given)!r}: looked for {tried}: nothing is there")
    return (rec,)


def shards_of(path: Path) -> tuple[Path, ...]:
    """The record files of a manifest.

    Raises:
        DataError: if one is missing, or has another size than the manifest says.
    """
    found = manifest.read(path)
    paths = []
    for shard in found.shards:
        rec = manifest.file_names(shard, path.parent)[0]
        _check_size(rec, shard.files[0].bytes, path)
        paths.append(rec)
    return tuple(paths)


def _check_size(rec: Path, expected: int, said: Path) -> None:
    try:
        size = rec.stat().st_size
    except OSError as error:
        raise DataError(f"{rec}: cannot be read: {error.strerror or error}; {said} names it") from None
    if size != expected:
        raise FormatError(f"{rec}: expected {expected} bytes, as {said} says, got {size}")


def manifests(recs: Iterable[Path]) -> dict[Path, Manifest]:
    """The manifests that describe some record files: file -> manifest. Files that none describes are left out.

    Raises:
        DataError: if a manifest is damaged, or a file has another size than its manifest says.
    """
    read: dict[Path, Manifest | None] = {}
    found: dict[Path, Manifest] = {}
    for rec in recs:
        path = manifest_path(prefix_of(rec))
        if path not in read:
            read[path] = manifest.read(path) if path.is_file() and _is_ours(path) else None
        record = read[path]
        sizes = {shard.files[0].name: shard.files[0].bytes for shard in record.shards} if record else {}
        if record and rec.name in sizes:
            _check_size(rec, sizes[rec.name], path)
            found[rec] = record
    return found


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return manifest.is_ours(file.read(256))
