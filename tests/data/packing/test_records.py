from __future__ import annotations

import errno

import pytest

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.packing import places, records
from recordio import Header, RefusedError, Writer, pack


@pytest.fixture
def foreign(tmp_path):
    """Three records as others write them: labels only, no image record, a GIF with two labels."""
    path = tmp_path / "foreign.rec"
    with Writer(path) as writer:
        writer.write(pack(Header((3.0, 5.0), 0), b""), 10)
        writer.write(b"short", 11)
        writer.write(pack(Header((1.0, 2.5), 7), b"GIF89a"), 12)
    return path


def test_rows(foreign, packed):
    kinds = [(r.number, r.labels, r.kind) for r in records.rows([foreign])]
    assert kinds == [(0, (3.0, 5.0), "none"), (1, (), "damaged"), (2, (1.0, 2.5), "gif")]
    out = packed(recipe={"encode": "raw", "resize": 4})
    row = next(records.rows(places.find(out)))
    assert row.kind.startswith("raw 4 x ") and row.header.id < 15


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b"\xff\xd8\xff\xe0", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"P6\n", "ppm"), (b"P5", "pgm"), (b"", "none"),
        (b"BM", "bmp"), (b"RIFF1234WEBP", "webp"), (b"zzz", "other"),
    ],
)  # fmt: skip
def test_formats(payload, name):
    assert records.format_of(memoryview(payload)) == name


def test_one_row(packed, foreign):
    recs = places.find(packed(shards=3, shuffle=False))
    assert [records.row_at(recs, n, False).header.id for n in (0, 4, 5, 14)] == [0, 4, 5, 14]
    assert records.row_at(recs, 11, True).header.id == 11
    assert records.row_at([foreign], 12, True).number == 2
    with pytest.raises(DataError, match="no record 15; there are 15, counted from 0"):
        records.row_at(recs, 15, False)
    with pytest.raises(DataError, match="no record has the key 99"):
        records.row_at(recs, 99, True)


def test_names(packed, foreign):
    recs = places.find(packed())
    names = records.names_of([*recs, foreign])
    rows = list(records.rows(recs))
    assert {names.class_of(r) for r in rows} == {"ant", "bee", "cat"}
    assert all(names.path_of(r).startswith(names.class_of(r) + "/") for r in rows)
    for row in records.rows([foreign]):
        assert names.class_of(row) is None and names.path_of(row) is None


def test_errors(tmp_path, foreign):
    with pytest.raises(FormatError, match="told"), records.told():
        raise RefusedError("told")
    with pytest.raises(DataError, match="x: cannot be read: gone"), records.told():
        raise OSError(errno.EIO, "gone", "x")
    content = foreign.read_bytes()
    foreign.write_bytes(content[:-4])
    with pytest.raises(FormatError, match=r"foreign.rec: offset \d+: record 2: expected"):
        list(records.rows([foreign]))
    with pytest.raises(DataError, match="cannot be read"):
        list(records.rows([tmp_path / "no.rec"]))
