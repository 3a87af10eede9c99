"""Everything that stands beside a record file, made of the file alone: `.idx`, checksums, the mapped index."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import NamedTuple

from mxtrain.data.packing import writing
from mxtrain.data.packing.records import row_of, told
from recordio import Reader, open_index, write_checksums, write_idx
from recordio.files import idx_path


class Indexed(NamedTuple):
    """Number of records, and whether their ids are the keys (else their numbers)."""

    records: int
    by_id: bool


def make_index(rec: Path) -> Indexed:
    """Walk through a record file once and write `.idx`, `.rec.crc` and `.rec.index` beside it.

    Raises:
        FormatError: for a damaged record; nothing is written then.
        DataError: if the file cannot be read.
        OutOfSpace, EnvironmentFault: if a file cannot be written.
    """
    offsets, ids = array("Q"), array("Q")
    with told():
        for number, (_, offset, record) in enumerate(Reader(rec).located()):
            row = row_of(rec, number, record)
            offsets.append(offset)
            if row.header is not None:
                ids.append(row.header.id)
    by_id = len(ids) == len(offsets) == len(set(ids))
    keys = ids if by_id else range(len(offsets))
    with writing.told(idx_path(rec), "what was there stays"):
        write_idx(idx_path(rec), zip(keys, offsets, strict=True))
        write_checksums(rec)
    with told():
        open_index(rec)
    return Indexed(len(offsets), by_id)
