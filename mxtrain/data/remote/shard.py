"""A record file on a remote store with its index: from its `.idx`, or from one walk; kept on the local disk."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator

from mxtrain.base.errors import FormatError
from mxtrain.data.remote.address import beside
from mxtrain.data.remote.file import RemoteFile
from mxtrain.data.remote.remote import Remote
from mxtrain.data.remote.store import Identity
from recordio import Index, RangedReader, RecordIOError, scan_ranges
from recordio.idx import parse_idx
from recordio.index import Stamp, cached_index, make_index, walked

log = logging.getLogger(__name__)
_PIECE = 4 << 20


def open_shard(remote: Remote, url: str) -> RangedReader:
    """Any record of a remote file by number or key.

    The index is fetched once: it is kept, in a form that is mapped, for as long as neither file changes. Without an
    `.idx` the whole file is read once, which fills the cache with it.

    Raises:
        DataError: if a file cannot be read.
        FormatError: if the index is damaged.
    """
    file = remote.open(url)
    idx = remote.look(beside(url, ".idx"))
    of = file.of if idx is None else Identity(file.of.size, f"{file.of.tag}\0{idx.of.size}\0{idx.of.tag}")
    kept = remote.disk.index_path(url, of) if remote.disk and file.of.tag and (idx is None or idx.of.tag) else None
    try:
        if kept is None:
            index = _make(file, idx)
        else:
            index = cached_index(kept, _stamp(of), lambda: _make(file, idx))
    except RecordIOError as error:
        raise FormatError(str(error)) from None
    return RangedReader(file, index, url)


def _make(file: RemoteFile, idx: RemoteFile | None) -> Index:
    if idx is not None:
        return make_index(*parse_idx(_pieces(idx), idx.url), file.size(), file.url, idx.url)
    log.info("%s: has no .idx; all %d bytes are read once to find its records", file.url, file.size())
    return walked(lambda losses: scan_ranges(file, file.url, None, losses), "skip")


def _pieces(file: RemoteFile) -> Iterator[bytes]:
    for start in range(0, file.size(), _PIECE):
        yield file.read(start, min(_PIECE, file.size() - start))


def _stamp(of: Identity) -> Stamp:
    """The version in numbers, as a mapped index holds it."""
    hashed = hashlib.sha256(of.tag.encode()).digest()
    return of.size, int.from_bytes(hashed[:7], "little"), int.from_bytes(hashed[7:14], "little"), 0
