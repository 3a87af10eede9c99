"""Record files as a stream: every sample once, shuffled within a window, the same for any number of threads."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.pack import Options, pack
from mxtrain.data.packing import places
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import of_folder
from mxtrain.data.packing.shard import Manner
from recordio.files import cache_path, crc_path, idx_path


@pytest.fixture
def packed(folder, tmp_path):
    """(kind, shards) -> record files of 15 images."""

    def make(kind="png", shards=1):
        options = Options(Recipe(kind, resize=6, crop=True), shards=shards, shuffle=False)
        pack(of_folder(folder, ("jpeg", "png")), tmp_path / "birds", options, Manner())
        for rec in places.find(tmp_path / "birds"):
            idx_path(rec).unlink()
            crc_path(rec).unlink()
            cache_path(rec).unlink()
        return tmp_path / "birds"

    return make


@pytest.fixture
def streamed(open_source):
    return lambda *paths, **params: open_source("record_stream", path=tuple(map(str, paths)), **params)


def damage(rec, record):
    """Spoil the magic word of a record; where its bytes are."""
    content = bytearray(rec.read_bytes())
    at = 0
    for _ in range(record):
        at += 8 + int.from_bytes(content[at + 4 : at + 8], "little") + 3 & -4
    content[at] ^= 1
    rec.write_bytes(content)
    return at


@pytest.mark.parametrize("kind", ["png", "raw"])
@pytest.mark.parametrize("shards", [1, 3])
def test_in_order_it_is_what_records_gives(packed, streamed, open_source, steps, iterate, drain, kind, shards):
    out = packed(kind, shards)
    crop = steps(("center_crop", {"size": 5}))
    source = streamed(out)
    assert len(source) == 15 and source.classes == ("ant", "bee", "cat")
    left = drain(iterate(source, crop, training=False))
    assert not any(cache_path(rec).exists() for rec in places.find(out)), "no index was made"
    right = drain(iterate(open_source("records", path=str(out)), crop, training=False))
    for one, other in zip(left, right, strict=True):
        np.testing.assert_array_equal(one[0]["data"], other[0]["data"])
        np.testing.assert_array_equal(one[1]["softmax_label"], other[1]["softmax_label"])
        assert one[3:] == other[3:]


def test_an_epoch_is_every_sample_once_in_an_order_of_its_own(packed, streamed, steps, iterate, drain, same):
    out = packed(shards=3)
    random = steps(("random_crop", {"size": 5}), ("flip", {}))
    few, many = (iterate(streamed(out, window=4), random, threads=n, seed=3) for n in (0, 3))
    first, again, second = drain(few, 0), drain(many, 0), drain(few, 1)
    same(first, again)
    orders = [np.concatenate([b[2] for b in batches]).tolist() for batches in (first, second)]
    assert sorted(orders[0]) == sorted(orders[1]) and len(set(orders[0])) == 15
    assert orders[0] != orders[1] and orders[0] != sorted(orders[0])
    same(drain(few, 0, 2), first[2:])


@pytest.mark.parametrize("last_batch", ["drop", "wrap"])
def test_the_last_batch(packed, streamed, steps, iterate, drain, last_batch):
    it = iterate(streamed(packed(), window=4), steps(("center_crop", {"size": 5})), last_batch=last_batch)
    found = [b[2].tolist() for b in drain(it)]
    assert [len(ids) for ids in found] == ([4, 4, 4] if last_batch == "drop" else [4, 4, 4, 4])
    assert len({i for ids in found for i in ids}) == (12 if last_batch == "drop" else 15)


def test_damage_stops_or_is_counted(packed, streamed, steps, iterate, drain):
    out = packed()
    rec = out.with_suffix(".rec")
    at = damage(rec, 6)
    crop = steps(("center_crop", {"size": 5}))
    with pytest.raises(FormatError, match=r"birds.rec: offset \d+: record 5: "):
        drain(iterate(streamed(out), crop))
    it = iterate(streamed(out), crop, on_error="skip", max_bad=0.2)
    found = [i for b in drain(it) for i in b[2].tolist()]
    assert len(found) == 15 and len(set(found)) == 13 and at not in found and len(it.bad) == 1
    content = bytearray(rec.read_bytes())
    content[at] ^= 1
    end = at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")
    content[at + 32 : end] = bytes(end - at - 32)
    rec.write_bytes(content)
    for threads in (0, 2):
        it = iterate(streamed(out), crop, on_error="skip", max_bad=0.2, threads=threads)
        drained = drain(it)
        assert list(it.bad) == [at] and f"birds.rec: offset {at}: not an image" in it.bad[at]
        assert at not in [i for b in drained for i in b[2].tolist()]
    marked = drain(iterate(streamed(out), crop, on_error="skip", training=False))
    assert [len(b[5]) for b in marked] == [0, 1, 0, 0]


def test_how_many_there_are(packed, streamed, steps, iterate, drain):
    out = packed(shards=2)
    recs = places.find(out)
    out.with_suffix(".json").unlink()
    with pytest.raises(DataError, match="no manifest says how many records it holds; say `samples: N`"):
        streamed(*recs)
    source = streamed(*recs, samples=15, classes=("a", "b", "c"))
    assert source.classes == ("a", "b", "c")
    json.dumps(source.fingerprint())
    crop = steps(("center_crop", {"size": 5}))
    assert len(drain(iterate(source, crop))) == 4
    for wrong in (14, 16):
        with pytest.raises(DataError, match=f"expected {wrong} records in all"):
            drain(iterate(streamed(*recs, samples=wrong), crop))


def test_it_has_no_samples_by_number(packed, streamed):
    source = streamed(packed())
    with pytest.raises(DataError, match="name the source `records`"):
        source.read(np.array([0]))
    assert len(source.read(np.empty(0, np.int64)).inputs["data"]) == 0


def test_labels(packed, streamed, steps, iterate, drain):
    crop = steps(("center_crop", {"size": 5}))
    out = packed()
    with pytest.raises(DataError, match="has 1 labels, expected 2"):
        drain(iterate(streamed(out, label_width=2), crop))
    padded = drain(iterate(streamed(out, label_width=2, label_pad=-1.0), crop))
    assert padded[0][1]["softmax_label"].shape == (4, 2) and (padded[0][1]["softmax_label"][:, 1] == -1).all()
