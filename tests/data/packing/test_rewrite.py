from __future__ import annotations

import json

import pytest

from mxtrain.base.errors import DataError, UsageError
from mxtrain.data.packing import manifest, places
from mxtrain.data.packing.check import check
from mxtrain.data.packing.records import names_of, rows
from mxtrain.data.packing.rewrite import merge, split
from recordio import Header, Writer, pack, read_lst


def quiet(done, bad):
    return


def merged(*outs, to, shards=1, overwrite=False):
    return merge([places.find(out) for out in outs], to, shards, overwrite, quiet)


def images(out):
    """(class, path) -> payload of every record."""
    recs = places.find(out)
    names = names_of(recs)
    return {(names.class_of(r), names.path_of(r)): bytes(r.payload) for r in rows(recs)}


def sound(out):
    assert all(not f.problems and f.manifest and f.index for f in check(places.find(out), True, 1))


HOW = {"shards": 1, "stratify": True, "seed": 0}


def test_split_and_merge_give_the_pack_back(packed, tmp_path):
    out = packed(recipe={"encode": "keep"})
    made = split(places.find(out), tmp_path / "s", 0.4, HOW, False, quiet)
    train, val = tmp_path / "s-train", tmp_path / "s-val"
    assert [m.records for m in made] == [9, 6] and made[1].counts == {"ant": 2, "bee": 2, "cat": 2}
    assert made[0].mean is None
    sound(train)
    sound(val)
    ids = [[e.index for e in read_lst(places.list_path(p))] for p in (train, val, out)]
    assert sorted(ids[0] + ids[1]) == sorted(ids[2]) and ids[0] == [i for i in ids[2] if i in ids[0]]
    whole = merged(train, val, to=tmp_path / "m", shards=2)
    assert whole.records == 15 and whole.classes == ("ant", "bee", "cat")
    assert images(tmp_path / "m") == images(out)
    sound(tmp_path / "m")
    again = split(places.find(out), tmp_path / "t", 0.4, HOW, False, quiet)
    assert [m.shards[0].counts for m in again] == [m.shards[0].counts for m in made]


def test_resharding_keeps_order_and_moments(packed, tmp_path):
    out = packed(recipe={"encode": "raw", "resize": 6, "crop": True})
    (made,) = split(places.find(out), tmp_path / "r", 0.0, {**HOW, "shards": 4}, False, quiet)
    old = manifest.read(places.manifest_path(out))
    assert (made.mean, made.std, made.images, made.records) == (old.mean, old.std, old.images, 15)
    assert made.images.size == (6, 6, 3)
    assert [s.records for s in made.shards] == [3, 4, 4, 4]
    before, after = (b"".join(r.payload for r in rows(places.find(p))) for p in (out, tmp_path / "r"))
    assert before == after


def test_merging_joins_classes_by_name_and_keeps_ids_unique(packed, folder, tmp_path):
    one = packed("one")
    (folder / "cat").rename(folder / "bat")
    two = packed("two")
    made = merged(one, two, to=tmp_path / "m")
    assert made.classes == ("ant", "bat", "bee", "cat") and made.counts == {"ant": 10, "bat": 5, "bee": 10, "cat": 5}
    ids = [r.header.id for r in rows(places.find(tmp_path / "m"))]
    assert sorted(ids) == list(range(30)) and set(ids[:15]) == set(range(15))
    old = manifest.read(places.manifest_path(one))
    assert made.mean != () and made.moments.pixels == 2 * old.moments.pixels
    assert made.mean == pytest.approx(old.mean)
    sound(tmp_path / "m")


def test_only_some_classes_known(packed, tmp_path):
    one = packed("one")
    rec = tmp_path / "foreign.rec"
    with Writer(rec) as writer:
        writer.write(pack(Header(1.0, 0), b"x"))
    with pytest.raises(DataError, match=r"foreign.rec: the names of its classes are not known"):
        merged(one, rec, to=tmp_path / "m")
    made = merged(rec, rec.with_suffix(""), to=tmp_path / "m")
    assert made.records == 2 and made.classes is None and made.mean is None and made.list is None
    assert made.counts == {"1": 2}


def test_several_labels_go_together_with_the_same_classes_only(folder, tmp_path, packed):
    rec = tmp_path / "multi.rec"
    with Writer(rec) as writer:
        writer.write(pack(Header((1.0, 2.0), 4, 9), b"x"))
        writer.write(pack(Header((1.0,), 5), b"y"))
    merged(rec, to=tmp_path / "m")
    headers = [r.header for r in rows(places.find(tmp_path / "m"))]
    assert headers == [Header((1.0, 2.0), 4, 9), Header((1.0,), 5)]


def test_labels_without_a_class(packed, tmp_path, folder):
    one = packed("one")
    (folder / "cat").rename(folder / "bat")
    two = packed("two")
    path = places.manifest_path(two)
    record = json.loads(path.read_text())
    record["classes"] = record["classes"][:1]
    del record["crc32"]
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match="are no class of its manifest"):
        merged(one, two, to=tmp_path / "m")
    assert not list(tmp_path.glob("m*"))


def test_insightface_files_are_refused(tmp_path):
    rec = tmp_path / "faces.rec"
    with Writer(rec) as writer:
        writer.write(pack(Header((2.0, 3.0), 0), b""))
        writer.write(pack(Header(1.0, 1), b"x"))
    for call in (lambda: merged(rec, to=tmp_path / "m"), lambda: split([rec], tmp_path / "m", 0.5, HOW, False, quiet)):
        with pytest.raises(DataError, match="record 0 holds no image"):
            call()


def test_what_is_there_stays(packed, tmp_path):
    one, two = packed("one"), packed("two", shards=3)
    with pytest.raises(UsageError, match="is what shall be read"):
        merged(one, two, to=one)
    with pytest.raises(UsageError, match="is there already; --overwrite"):
        merged(one, to=two)
    merged(one, to=two, overwrite=True)
    assert len(places.find(two)) == 1 and not list(tmp_path.glob("two-0*"))
    with pytest.raises(UsageError, match="16 shards for 15 records"):
        merged(one, to=tmp_path / "m", shards=16)


def test_a_failure_leaves_nothing(packed, tmp_path, monkeypatch):
    one = packed("one")
    calls = []

    def fail(done, bad):
        calls.append(done)
        if len(calls) == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge([places.find(one)], tmp_path / "m", 3, False, fail)
    assert not list(tmp_path.glob("m*")) and not list(tmp_path.glob(".tmp*"))
