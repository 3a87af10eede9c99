"""A stream batch by batch: as many samples as it says, no more, no fewer, and the damaged ones counted."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.source import Encoded, Sampled
from mxtrain.data.streaming import Walk


class Numbers:
    """A stream of samples 0, 1, ...: it says `said`, holds `held`, and loses those that are divisible by `lost`."""

    def __init__(self, said, held, lost=0):
        self.said, self.held, self.lost, self.keys = said, held, lost, []

    def __len__(self):
        return self.said

    def name(self, index):
        return f"x: offset {index}"

    def stream(self, key, lost):
        self.keys.append(key)
        for i in range(self.held):
            if self.lost and i % self.lost == 0:
                lost(i, f"record {i} is damaged")
            else:
                yield Sampled(i, Encoded(self.name(i), b""), (float(i),))


def ids(walk, *counts):
    return [walk.take(count)[0].tolist() for count in counts]


def test_batches_follow_each_other_and_the_first_come_again():
    source = Numbers(5, 5)
    assert ids(Walk(source, (3, 1), {}, None), 3, 4, 0) == [[0, 1, 2], [3, 4, 0, 1], []]
    assert source.keys == [(3, 1), (3, 1)]


def test_more_or_fewer_than_expected():
    walk = Walk(Numbers(5, 6), None, {}, None)
    assert ids(walk, 5) == [[0, 1, 2, 3, 4]]
    with pytest.raises(DataError, match="x: offset 5: expected 5 records in all, there are more"):
        walk.finish()
    with pytest.raises(DataError, match="expected 5 records in all, got 4"):
        Walk(Numbers(5, 4), None, {}, None).take(5)
    with pytest.raises(DataError, match="expected 5 records in all, got 0"):
        Walk(Numbers(5, 0), None, {}, 9).take(5)
    source = Numbers(5, 5)
    whole = Walk(source, None, {}, None)
    whole.take(5)
    whole.finish()
    assert source.keys == [None], "nothing is read again"


def test_lost_samples_are_counted_and_the_first_take_their_place():
    bad = {}
    assert ids(Walk(Numbers(7, 7, 4), None, bad, 2), 7) == [[1, 2, 3, 5, 6, 1, 2]]
    assert bad == {0: "record 0 is damaged", 4: "record 4 is damaged"}
    with pytest.raises(DataError, match=r"2 samples could not be read, 1 allowed .*record 4"):
        Walk(Numbers(7, 7, 4), None, {}, 1).take(7)


def test_taken_samples_are_read_by_their_ids(tmp_path, open_source, encode):
    from recordio import Header, Writer, pack

    with Writer(tmp_path / "a.rec") as writer:
        for i in range(3):
            writer.write(pack(Header((float(i), 7.0), i), encode(np.full((4, 4, 3), i, np.uint8))))
        writer.write(pack(Header(1.0, 3), b"x"))
    source = open_source("record_stream", path=str(tmp_path / "a.rec"), samples=4, label_width=2)
    found, taken = Walk(source, None, {}, None).take(4)
    assert len(taken) == 4 and taken.classes is None and taken.report == () and len(set(found.tolist())) == 4
    rows = taken.read(found[[2, 0, 2]])
    assert rows.labels["softmax_label"].tolist() == [[2, 7], [0, 7], [2, 7]]
    assert taken.inputs == source.inputs and taken.labels == source.labels
    assert taken.name(int(found[2])) == source.name(int(found[2])) == rows.inputs["data"][0].name
    with pytest.raises(DataError, match="has 1 labels, expected 2"):
        taken.read(found[3:])
    assert taken.fingerprint() == source.fingerprint()
