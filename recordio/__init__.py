"""MXNet's RecordIO files: read, written, indexed, checked. Standard library only; knows nothing of mxtrain.

    format.py    parts: magic word, flag, length; how a record is cut and where one starts
    record.py    one record out of a buffer, every length checked first
    header.py    the image record header in front of a payload
    scan.py      the records of a mapped file, and what is done about damaged ones
    reader.py    all records of some files in order, or one part of many
    indexed.py   any record by number or key; many shards as one data set
    ranges.py    the same of a file that is read in pieces, from a remote store for example; ranged.py: by number
    index.py     number -> offset, key -> number: mapped, cached beside the file
    idx.py       MXNet's `.idx` text files
    writer.py    new files, which get their names when they are whole
    checksum.py  `.rec.crc`: what every record must be
    lst.py       MXNet's `.lst` text files; detection.py: the labels of detection records
    files.py     mapped files, names of the files beside a `.rec`, durable writing

Start with `Reader`, `IndexedReader` and `Writer`. Whatever a file holds, reading it raises RecordIOError or gives
records; what the system refuses is an OSError.
"""

from __future__ import annotations

from recordio.checksum import Checksums, verify, write_checksums
from recordio.detection import Detection, parse_detection
from recordio.errors import (
    ChecksumError,
    DamageError,
    HeaderError,
    LineError,
    RecordIOError,
    RefusedError,
)
from recordio.header import Header, pack, unpack
from recordio.idx import read_idx, write_idx
from recordio.index import Index, open_index, scan_index
from recordio.indexed import IndexedReader, ShardedReader
from recordio.lst import Entry, read_lst, write_lst
from recordio.ranged import RangedReader
from recordio.ranges import RangeReader, scan_ranges
from recordio.reader import Reader
from recordio.record import read_record
from recordio.scan import Damage, Losses
from recordio.writer import Writer

__all__ = [
    "ChecksumError",
    "Checksums",
    "Damage",
    "DamageError",
    "Detection",
    "Entry",
    "Header",
    "HeaderError",
    "Index",
    "IndexedReader",
    "LineError",
    "Losses",
    "RangeReader",
    "RangedReader",
    "Reader",
    "RecordIOError",
    "RefusedError",
    "ShardedReader",
    "Writer",
    "open_index",
    "pack",
    "parse_detection",
    "read_idx",
    "read_lst",
    "read_record",
    "scan_index",
    "scan_ranges",
    "unpack",
    "verify",
    "write_checksums",
    "write_idx",
    "write_lst",
]
