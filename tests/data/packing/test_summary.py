from __future__ import annotations

from mxtrain.data.packing.manifest import FileFacts, Shard
from mxtrain.data.packing.moments import Moments
from mxtrain.data.packing.summary import summarise

FILES = (FileFacts(name="a.rec", bytes=0, sha256=""),)
MORE = {"plan": "p", "source": {}, "options": {}}


def shard(counts, widths=(1,), size=(2, 2, 3), records=None):
    count = sum(counts.values()) if records is None else records
    return Shard(records=count, files=FILES, counts=counts, widths=widths, size=size)


def test_counts_go_by_name():
    made = [shard({"0": 2, "2": 1}), shard({"2": 4})]
    found = summarise(made, ("a", "b", "c"), "raw", None, **MORE)
    assert found.counts == {"a": 2, "b": 0, "c": 5} and found.records == 7
    assert found.mean is None and found.images.size == (2, 2, 3) and found.label_width == (1, 1)


def test_labels_without_names_are_listed_in_their_order():
    found = summarise([shard({"10": 1, "2": 1, "0.5": 3})], None, "jpeg", None, **MORE)
    assert list(found.counts.items()) == [("0.5", 3), ("2", 1), ("10", 1)]
    found = summarise([shard({"0": 1, "7": 1})], ("a",), "jpeg", None, **MORE)
    assert found.counts == {"a": 1, "7": 1}


def test_sizes_and_widths():
    made = [shard({"0": 1}), shard({}, (3, 7), (9, 9, 3), 1), shard({}, (), None, 0)]
    found = summarise(made, None, "jpeg", Moments(gray=(2, 6, 20)), **MORE)
    assert found.images.size is None and found.label_width == (1, 7)
    assert found.mean == (3.0,) and found.std == (1.0,)
    assert summarise([made[0], made[2]], None, "jpeg", None, **MORE).images.size == (2, 2, 3)
    assert summarise([made[2]], None, "jpeg", None, **MORE).label_width == (0, 0)
