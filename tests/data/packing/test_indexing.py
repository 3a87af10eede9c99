from __future__ import annotations

import pytest

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.packing import places
from mxtrain.data.packing.indexing import make_index
from recordio import Header, Writer, pack, read_idx, verify
from recordio.files import cache_path, crc_path, idx_path


def test_the_index_comes_back_as_it_was(packed):
    for rec in places.find(packed(shards=2)):
        beside = {path: path.read_bytes() for path in (idx_path(rec), crc_path(rec))}
        for path in beside:
            path.unlink()
        done = make_index(rec)
        assert done.by_id and done.records == 7 + (rec.name.startswith("pack-00001"))
        assert {path: path.read_bytes() for path in beside} == beside
        assert cache_path(rec).exists() and verify(rec) == []


def test_ids_that_come_twice(tmp_path):
    rec = tmp_path / "a.rec"
    with Writer(rec, index=False, checksum=False) as writer:
        for id in (5, 5, 6):
            writer.write(pack(Header(0.0, id), b"x"))
    assert make_index(rec) == (3, False)
    assert list(read_idx(idx_path(rec))[0]) == [0, 1, 2]


def test_records_of_any_kind(tmp_path):
    rec = tmp_path / "a.rec"
    with Writer(rec, index=False, checksum=False) as writer:
        writer.write(b"text")
    assert make_index(rec) == (1, False)


def test_damage_writes_nothing(packed):
    (rec,) = places.find(packed())
    rec.write_bytes(rec.read_bytes()[:-4])
    before = idx_path(rec).read_bytes()
    with pytest.raises(FormatError, match="record 14"):
        make_index(rec)
    assert idx_path(rec).read_bytes() == before
    with pytest.raises(DataError):
        make_index(rec.with_name("no.rec"))
