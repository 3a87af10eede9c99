from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import FormatError, UsageError
from mxtrain.data.packing import places
from mxtrain.data.packing.records import Names, Row, names_of, rows
from mxtrain.data.packing.unpack import relative_path, unpack
from recordio import Header, Writer, pack, read_lst

JPEG = b"\xff\xd8\xff\xe0 image"


def below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_files_come_back_as_they_were(packed, folder, tmp_path):
    done = unpack(places.find(packed(recipe={"encode": "keep"}, shards=2, shuffle=False)), tmp_path / "new")
    assert done == (15, 0) and below(tmp_path / "new") == below(folder)
    for name in below(folder):
        assert (tmp_path / "new" / name).read_bytes() == (folder / name).read_bytes()
    entries = {e.path: (e.index, e.labels) for e in read_lst(tmp_path / "new.lst")}
    assert entries["ant/0.jpg"] == (0, (0.0,)) and entries["cat/4.jpg"] == (14, (2.0,))


def test_endings_follow_the_content(packed, tmp_path):
    unpack(places.find(packed(recipe={"encode": "raw"})), tmp_path / "new")
    assert (tmp_path / "new/ant/1.ppm").read_bytes().startswith(b"P6\n")
    unpack(places.find(packed("again")), tmp_path / "jpegs")
    assert len(below(tmp_path / "jpegs")) == 15 and all(p.endswith(".jpg") for p in below(tmp_path / "jpegs"))


def test_foreign_records_are_named_by_id_and_label(tmp_path):
    rec = tmp_path / "a.rec"
    with Writer(rec) as writer:
        for label, id, payload in (
            (3.0, 7, JPEG),
            (3.0, 7, JPEG),
            (0.5, 8, JPEG),
            ((1.0, 2.0), 9, b"?"),
            (1.0, 0, b""),
        ):
            writer.write(pack(Header(label, id), payload))
        writer.write(b"no header")
    assert unpack([rec], tmp_path / "new") == (4, 2)
    assert below(tmp_path / "new") == ["00000008.jpg", "00000009.bin", "3/00000007-1.jpg", "3/00000007.jpg"]


def test_a_folder_that_is_not_empty_is_left_alone(packed, folder):
    with pytest.raises(UsageError, match="is not empty"):
        unpack(places.find(packed()), folder)


def test_a_damaged_record_stops(packed, tmp_path):
    (rec,) = places.find(packed(shuffle=False))
    rec.write_bytes(rec.read_bytes()[:-8] + b"\1" * 8)
    places.manifest_path(places.prefix_of(rec)).unlink()
    with pytest.raises(FormatError, match="record 14"):
        unpack([rec], tmp_path / "new")
    assert len(below(tmp_path / "new")) == 14 and not (tmp_path / "new.lst").exists()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../evil.jpg", "ant/00000001.jpg"), ("/etc/passwd", "ant/00000001.jpg"), ("ant/../x", "ant/00000001.jpg"),
        ("ant/x.jpg", "ant/x.jpg"), ("bee/x.jpeg", "ant/bee/x.jpeg"), ("x.png", "ant/x.jpg"), ("", "ant/00000001.jpg"),
        ("ant/" + "y" * 300 + ".jpg", "ant/00000001.jpg"), ("a\tb.jpg", "ant/00000001.jpg"),
    ],
)  # fmt: skip
def test_a_listed_path_stays_inside(packed, name, path):
    out = packed()
    (rec,) = places.find(out)
    names = names_of([rec])
    row = Row(rec, 0, Header(0.0, 1), memoryview(JPEG))
    assert str(relative_path(row, Names(names.manifests, {rec: {1: name}}))) == path


@pytest.mark.parametrize("name", ["../up", "/abs", "a/b", "..", ".", "", " x", "a\0b"])
def test_a_class_of_an_odd_name_becomes_its_number(packed, tmp_path, name):
    out = packed()
    path = places.manifest_path(out)
    record = json.loads(path.read_text())
    record["classes"][1] = name
    del record["crc32"]
    path.write_text(json.dumps(record))
    places.list_path(out).unlink()
    unpack(places.find(out), tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["1", "ant", "cat"]


@given(st.text(max_size=30), st.floats(width=32) | st.just(0.0))
def test_no_name_leads_out(name, label):
    rec = Path("a.rec")
    row = Row(rec, 0, Header(label, 1), memoryview(JPEG))
    path = relative_path(row, Names({}, {rec: {1: name}}))
    assert not path.is_absolute() and ".." not in path.parts and path.name


def test_every_row_is_read_once(packed, tmp_path):
    recs = places.find(packed(shards=2))
    told = []
    unpack(recs, tmp_path / "new", lambda done, bad: told.append(done))
    assert sum(told) == len(list(rows(recs))) == 15
