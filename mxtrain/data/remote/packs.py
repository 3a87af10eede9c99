"""Packs on a remote store: what a URL given by a user means, and the manifests beside record files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.packing import manifest, places
from mxtrain.data.packing.manifest import Manifest
from mxtrain.data.remote.address import WEB, beside, checked, scheme
from mxtrain.data.remote.file import RemoteFile
from mxtrain.data.remote.options import Options
from mxtrain.data.remote.remote import Remote
from mxtrain.data.remote.shard import open_shard
from recordio import RangedReader

_GLOB = "*?["


class Packs:
    """Record files on remote stores, as one source of data reads them.

    Args:
        options: as the config says.
    """

    def __init__(self, options: Options) -> None:
        self._remote = Remote(options)
        self._sizes: dict[str, tuple[int, str]] = {}

    def find(self, url: str) -> tuple[str, ...]:
        """The record files that a URL means: a `.rec`, a manifest, the prefix of a pack, or a pattern.

        Raises:
            DataError: if there are none, or the store cannot be read.
        """
        url = checked(url)
        if scheme(url) not in WEB and any(mark in url for mark in _GLOB) and self._remote.look(url) is None:
            return tuple(self._remote.find(url))
        name = _name(url)
        if name.endswith(".rec"):
            return (url,)
        if name.endswith(".json"):
            return self._shards_of(self._remote.open(url))
        described = self._remote.look(beside(url + ".", ".json"))
        return self._shards_of(described) if described else (beside(url + ".", ".rec"),)

    def _shards_of(self, file: RemoteFile) -> tuple[str, ...]:
        return tuple(_sibling(file.url, name) for name in _sizes(_parsed(file), file.url))

    def manifests(self, recs: Iterable[str]) -> dict[str, Manifest]:
        """The manifests that describe some record files. Files that none describes are left out.

        Raises:
            DataError: if a manifest is damaged, or cannot be read.
        """
        read: dict[str, Manifest | None] = {}
        found: dict[str, Manifest] = {}
        for rec in recs:
            url = _sibling(rec, places.prefix_of(Path(_name(rec))).name + ".json")
            if url not in read:
                file = self._remote.look(url)
                read[url] = _parsed(file) if file and manifest.is_ours(file.read(0, min(256, file.size()))) else None
            record = read[url]
            sizes = _sizes(record, url) if record else {}
            if record and _name(rec) in sizes:
                self._sizes[rec] = sizes[_name(rec)], url
                found[rec] = record
        return found

    def open(self, rec: str) -> RangedReader:
        """Any record of a file by number or key.

        Raises:
            DataError: if it cannot be read, or has another size than its manifest says.
        """
        reader = open_shard(self._remote, rec)
        self._check_size(rec, reader.file.size())
        return reader

    def file(self, rec: str) -> RemoteFile:
        """A record file, to be walked through.

        Raises:
            DataError: if it cannot be read, or has another size than its manifest says.
        """
        file = self._remote.open(rec)
        self._check_size(rec, file.size())
        return file

    def beside(self, rec: str, suffix: str) -> RemoteFile | None:
        """A file beside a record file, None if it is not there: a.rec -> a.idx.

        Raises:
            DataError: if the store does not answer.
        """
        return self._remote.look(beside(rec, suffix))

    def list_of(self, rec: str) -> RemoteFile | None:
        """The list of the pack that a record file belongs to, None if it is not there.

        Raises:
            DataError: if the store does not answer.
        """
        return self._remote.look(_sibling(rec, places.prefix_of(Path(_name(rec))).name + ".lst"))

    def _check_size(self, rec: str, size: int) -> None:
        expected, said = self._sizes.get(rec, (size, ""))
        if size != expected:
            raise FormatError(f"{rec}: expected {expected} bytes, as {said} says, got {size}")

    def close(self) -> None:
        """Close connections."""
        self._remote.close()

    def __enter__(self) -> Packs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fingerprint(self, rec: str) -> dict[str, Any]:
        """Name, size and version of a file; the store's version stands for a hash, which would take all its bytes.

        Raises:
            DataError: if it cannot be read.
        """
        of = self._remote.open(rec).of
        return {"name": _name(rec), "size": of.size, "version": of.tag}


def _parsed(file: RemoteFile) -> Manifest:
    if file.size() > manifest.LIMIT:
        raise DataError(f"{file.url}: {file.size()} bytes; at most {manifest.LIMIT} are read")
    return manifest.parse(file.read(0, file.size()), file.url)


def _sizes(record: Manifest, url: str) -> dict[str, int]:
    """Record files of a manifest, and how large they are."""
    found = {}
    for shard in record.shards:
        manifest.check_names(shard, url)
        found[shard.files[0].name] = shard.files[0].bytes
    return found


def _name(url: str) -> str:
    path = url.partition("?")[0] if scheme(url) in WEB else url
    return path.rpartition("/")[2]


def _sibling(url: str, name: str) -> str:
    path, mark, query = url.partition("?") if scheme(url) in WEB else (url, "", "")
    return f"{path.rpartition('/')[0]}/{name}{mark}{query}"
