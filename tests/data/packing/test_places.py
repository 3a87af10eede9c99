from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxtrain.base.errors import DataError, FormatError, UsageError
from mxtrain.data.packing import places


def test_names():
    out = Path("x/train.v1")
    assert places.shard_path(out, 0, 1) == Path("x/train.v1.rec")
    assert places.shard_path(out, 2, 12) == Path("x/train.v1-00002-of-00012.rec")
    for rec in (places.shard_path(out, 0, 1), places.shard_path(out, 2, 12)):
        assert places.prefix_of(rec) == out
    assert places.manifest_path(out) == Path("x/train.v1.json")
    assert places.list_path(out) == Path("x/train.v1.lst")


def test_prefix(tmp_path):
    assert (
        places.prefix(Path("a/b.rec")) == places.prefix(Path("a/b.json")) == places.prefix(Path("a/b")) == Path("a/b")
    )
    assert places.prefix(Path("a/b.v2")) == Path("a/b.v2")
    with pytest.raises(UsageError, match="is a folder; name what the files in it begin with"):
        places.prefix(tmp_path)


def test_every_way_to_name_a_pack(packed):
    out = packed(shards=3)
    recs = tuple(places.shard_path(out, n, 3) for n in range(3))
    assert places.find(out) == places.find(places.manifest_path(out)) == recs
    assert places.find(out.with_name("pack-0*.rec")) == recs
    assert places.find(recs[1]) == recs[1:2]
    places.manifest_path(out).unlink()
    one = out.with_name("alone.rec")
    recs[0].rename(one)
    assert places.find(one.with_suffix("")) == (one,)


def test_nothing_there(packed, tmp_path):
    out = packed(shards=2)
    for given, text in (
        (tmp_path / "no", "nothing is there"),
        (tmp_path / "no-*.rec", "no file has such a name"),
        (tmp_path, "is a folder; name record files in it (pack-00000-of-00002.rec"),
    ):
        with pytest.raises(DataError) as raised:
            places.find(given)
        assert text in str(raised.value)
    rec = places.shard_path(out, 1, 2)
    with rec.open("ab") as file:
        file.write(b"more")
    with pytest.raises(FormatError, match="expected .* bytes, as .*pack.json says, got"):
        places.find(out)
    with pytest.raises(FormatError, match="expected .* bytes"):
        places.manifests([rec])
    rec.unlink()
    with pytest.raises(DataError, match="names it"):
        places.find(out)


def test_an_unfinished_pack_says_so(packed):
    out = packed()
    places.manifest_path(out).rename(places.progress_path(out))
    with pytest.raises(DataError, match="packing is not finished"):
        places.find(out)


def test_manifests(packed, tmp_path):
    out = packed(shards=2)
    recs = places.find(out)
    stranger = tmp_path / "other.rec"
    stranger.write_bytes(b"")
    (tmp_path / "other.json").write_text(json.dumps({"somebody": "else's"}))
    namesake = tmp_path / "pack-00007-of-00009.rec"
    namesake.write_bytes(b"")
    assert list(places.manifests([*recs, stranger, namesake])) == list(recs)
    whole = places.manifest_path(out).read_text()
    places.manifest_path(out).write_text(whole.replace("mxtrain-pack", "mxtrain-pock"))
    with pytest.raises(FormatError, match="expected a file of format"):
        places.manifests(recs)
