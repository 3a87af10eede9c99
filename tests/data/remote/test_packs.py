"""Packs on a store: every way to name one, the manifest beside the files, and the samples that come of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data import image
from mxtrain.data.pack import Options, pack
from mxtrain.data.packing import check, places
from mxtrain.data.packing import records as looking
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import of_folder
from mxtrain.data.packing.shard import Manner
from mxtrain.data.remote.options import Options as Remote
from mxtrain.data.remote.packs import Packs


@pytest.fixture
def packed(folder, tmp_path, web):
    """(name, kind, shards, channels) -> (prefix here, prefix of the same on a web server)."""

    def make(kind="jpeg", shards=2, channels=None):
        options = Options(Recipe(kind, resize=6, crop=True, channels=channels), shards=shards)
        pack(of_folder(folder, ("jpeg", "png")), tmp_path / "birds", options, Manner())
        web.files.update({f"/x/{p.name}": p.read_bytes() for p in tmp_path.iterdir() if p.is_file()})
        return tmp_path / "birds", f"{web.address}/x/birds"

    return make


@pytest.fixture
def packs(tmp_path, serve):
    return Packs(Remote(cache=str(tmp_path / "cache"), attempts=2, timeout=5))


@pytest.fixture
def records(open_source, tmp_path, serve):
    remote = {"cache": str(tmp_path / "cache"), "attempts": 2, "timeout": 5}
    return lambda *paths, **params: open_source("records", path=tuple(map(str, paths)), remote=remote, **params)


def contents(source):
    rows = source.read(np.arange(len(source)))
    samples, (field,) = rows.inputs["data"], source.inputs.values()
    if isinstance(samples, list):
        channels = field.type.shape[2]
        samples = [image.decode(s.content, channels, name=s.name, formats=field.formats) for s in samples]
    return rows.labels["softmax_label"].tolist(), np.stack(samples)


@pytest.mark.parametrize(("kind", "channels"), [("jpeg", None), ("png", None), ("raw", 3), ("raw", 1)])
def test_samples_are_those_of_the_same_pack_here(packed, records, kind, channels):
    here, there = packed(kind, channels=channels)
    near, far = records(here), records(there)
    assert len(near) == len(far) == 15 and far.classes == ("ant", "bee", "cat")
    assert far.inputs["data"].type.shape[2] == near.inputs["data"].type.shape[2] == (channels or 3)
    for left, right in zip(contents(near), contents(far), strict=True):
        np.testing.assert_array_equal(left, right)
    assert far.name(0) == f"{there}-00000-of-00002.rec: record 0"
    assert near.fingerprint() == far.fingerprint(), "the manifest says it"


def test_every_way_to_name_a_pack(packed, packs):
    here, there = packed()
    expected = tuple(f"{there}-0000{i}-of-00002.rec" for i in range(2))
    assert packs.find(there) == packs.find(f"{there}.json") == expected
    assert packs.find(expected[1]) == expected[1:]
    found = packs.manifests([*expected, f"{there[: -len('birds')]}other.rec"])
    assert list(found) == list(expected) and found[expected[0]].records == 15
    assert [len(packs.open(rec)) for rec in expected] == [7, 8]


def test_patterns_on_s3(packed, packs, s3, put, monkeypatch):
    here, _ = packed()
    for path in (*places.find(here), *here.parent.glob("*.idx"), here.with_suffix(".json")):
        put(f"p/{path.name}", path.read_bytes())
    put("p/other[1].rec", b"")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)
    assert packs.find("s3://bucket/p/birds-*.rec") == tuple(
        f"s3://bucket/p/birds-0000{i}-of-00002.rec" for i in range(2)
    )
    assert packs.find("s3://bucket/p/birds") == packs.find("s3://bucket/p/birds-*.rec")
    assert packs.find("s3://bucket/p/other[1].rec") == ("s3://bucket/p/other[1].rec",), "a name that looks like one"
    with pytest.raises(DataError, match="no file has such a name"):
        packs.find("s3://bucket/p/cat*.rec")


def test_without_a_manifest(packed, records, web):
    here, there = packed(shards=1)
    for name in ("/x/birds.json", "/x/birds.idx"):
        del web.files[name]
    source = records(there)
    assert len(source) == 15 and source.classes is None
    assert source.fingerprint()["files"] == [
        {"name": "birds.rec", "size": len(web.files["/x/birds.rec"]), "version": '"1"'}
    ]
    web.files["/x/birds.json"] = b'{"mine": 1}'
    assert records(there + ".rec").classes is None, "somebody else's"


def test_here_and_there_are_one_data_set(packed, records):
    here, there = packed(shards=1)
    labels, pixels = contents(records(here, there))
    assert len(labels) == 30 and labels[:15] == labels[15:]
    np.testing.assert_array_equal(pixels[:15], pixels[15:])


def test_what_does_not_fit(packed, records, web):
    here, there = packed(shards=1)
    rec, described = web.files["/x/birds.rec"], web.files["/x/birds.json"]
    web.files["/x/birds.rec"] = rec + bytes(8)
    with pytest.raises(
        FormatError, match=f"birds.rec: expected {len(rec)} bytes, as .*birds.json says, got {len(rec) + 8}"
    ):
        records(there)
    web.files["/x/birds.rec"] = rec
    web.files["/x/birds.json"], web.tags["/x/birds.json"] = described.replace(b'"ant"', b'"ann"'), "2"
    with pytest.raises(FormatError, match="/x/birds.json: damaged"):
        records(there)
    said = json.loads(described)
    said["shards"][0]["files"][0]["name"] = "../birds.rec"
    del said["crc32"]
    web.files["/x/birds.json"], web.tags["/x/birds.json"] = json.dumps(said).encode(), "3"
    with pytest.raises(FormatError, match="birds.json: the manifest names a file '../birds.rec'"):
        records(there)
    with pytest.raises(DataError, match="verify compares local files only"):
        records(there, verify=True)
    with pytest.raises(DataError, match="cannot be opened: nothing is there"):
        records(f"{there}-none")


def test_an_epoch(packed, records, iterate, drain, same, steps, web):
    """Batches are the same from here and there, with threads and from the middle; a broken connection costs nothing."""
    here, there = packed()
    chain = steps(("center_crop", {"size": 5}), ("flip", {}))
    batches = []
    for source in (records(here), records(there)):
        web.faults.extend([500, "reset"])
        batches.append(drain(iterate(source, chain, shuffle=True, threads=2), 3))
        web.faults.clear()
    same(*batches)
    same(drain(iterate(records(there), chain, shuffle=True, threads=3), 3, 2), batches[0][2:])


def test_ls_and_cat_show_what_the_same_pack_here_shows(packed, packs):
    here, there = packed()
    near, far = places.find(here), packs.find(there)
    names, remote_names = looking.names_of(near), looking.names_of(far, packs)
    left, right = list(looking.rows(near)), list(looking.rows(far, packs))
    assert len(left) == 15 and [r.rec for r in right[:8:7]] == list(far)
    for one, other in zip(left, right, strict=True):
        assert (one.number, one.header, one.kind) == (other.number, other.header, other.kind)
        assert bytes(one.payload) == bytes(other.payload)
        assert names.class_of(one) == remote_names.class_of(other) is not None
        assert names.path_of(one) == remote_names.path_of(other) is not None
    for number, key in ((0, False), (9, False), (3, True)):
        one, other = looking.row_at(near, number, key), looking.row_at(far, number, key, packs)
        assert (one.number, one.header, bytes(one.payload)) == (other.number, other.header, bytes(other.payload))
    with pytest.raises(DataError, match="birds-00000-of-00002.rec, http.*: no record 15; there are 15"):
        looking.row_at(far, 15, False, packs)


def checked(packs, there):
    return list(check.check(packs.find(there), True, 2, packs=packs))


def test_check_of_a_whole_pack(packed, packs, web):
    _, there = packed()
    found = checked(packs, there)
    assert [(f.records, f.decoded, f.count) for f in found] == [(7, 7, 0), (8, 8, 0)]
    assert all(f.index and f.checksums and f.manifest for f in found)
    for path in [p for p in web.files if not p.endswith(".rec")]:
        del web.files[path]
    (alone,) = checked(packs, f"{there}-00000-of-00002.rec")
    assert (alone.records, alone.count, alone.index, alone.checksums, alone.manifest) == (7, 0, False, False, False)


def test_check_finds_damage_and_names_the_address(packed, packs, web):
    _, there = packed(kind="raw")
    rec, url = "/x/birds-00000-of-00002", f"{there}-00000-of-00002"
    content = bytearray(web.files[rec + ".rec"])
    content[-3] ^= 1
    web.files[rec + ".rec"] = bytes(content)
    lines = web.files[rec + ".idx"].splitlines(keepends=True)
    web.files[rec + ".idx"] = b"".join(lines[1:])
    (one,) = checked(packs, url + ".rec")
    assert one.count == 2 and one.records == 7
    assert one.problems[0].startswith(f"{url}.rec: offset ") and "record 6: expected crc32" in one.problems[0]
    assert one.problems[1] == f"{url}.idx: does not name the record at offset 0"


def test_check_of_damaged_files_beside_a_record_file(packed, packs, web):
    _, there = packed(kind="raw")
    rec, url = "/x/birds-00000-of-00002", f"{there}-00000-of-00002"
    web.files[rec + ".idx"] = b"x"
    web.files[rec + ".rec.crc"] = web.files[rec + ".rec.crc"][:-1]
    with pytest.raises(FormatError, match=r"birds-00000-of-00002.rec: expected \d+ bytes, as .*birds.json says"):
        whole = web.files[rec + ".rec"]
        web.files[rec + ".rec"] = whole[:-40]
        checked(packs, url + ".rec")
    del web.files["/x/birds.json"]
    with Packs(Remote(cache_gb=0, attempts=1)) as fresh:
        (one,) = checked(fresh, url + ".rec")
    problems = "\n".join(one.problems)
    for part in (f"{url}.rec.crc: expected", f"{url}.idx:1: the line has no end", f"{url}.rec: offset"):
        assert part in problems, problems


def test_a_stream_reads_each_block_once_and_no_index(packed, open_source, tmp_path, web, iterate, steps, drain):
    here, there = packed(kind="raw")
    remote = {"cache": str(tmp_path / "cache"), "cache_gb": 0, "attempts": 2, "timeout": 5}
    source = open_source("record_stream", path=there, remote=remote, window=4)
    crop = steps(("center_crop", {"size": 5}))
    web.asked.clear()
    found = drain(iterate(source, crop, batch_size=5))
    assert [b[3] for b in found] == [5, 5, 5] and len({i for b in found for i in b[2].tolist()}) == 15
    near = drain(iterate(open_source("record_stream", path=str(here), window=4), crop, batch_size=5))
    for one, other in zip(near, found, strict=True):
        np.testing.assert_array_equal(one[0]["data"], other[0]["data"])
    fetched = [(path, asked) for _, path, asked in web.asked if asked and asked != "bytes=0-0"]
    assert len(fetched) == len(set(fetched)) == 2 and all(path.endswith(".rec") for path, _ in fetched)
