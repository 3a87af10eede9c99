from __future__ import annotations

import os
import resource
import signal

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.packing import listing as listings
from mxtrain.data.packing import shard
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.manifest import Rejected
from mxtrain.data.packing.shard import Manner, Tally, counted
from recordio import IndexedReader, RefusedError, Writer, unpack


@pytest.fixture
def listing(folder):
    return listings.of_folder(folder, ("jpeg", "png"))


@pytest.fixture
def write(listing, tmp_path):
    def make(name="a.rec", recipe=None, order=range(15), **manner):
        positions = np.array(order, np.int64)
        recipe = recipe or Recipe("raw")
        return shard.write_shard(tmp_path / name, listing, positions, recipe, Manner(**{"threads": 2, **manner}))

    return make


def test_records_come_in_order_with_their_keys(write, tmp_path):
    made, lost = write(order=[14, 0, 7])
    assert not lost and made.records == 3 and made.counts == {"0": 1, "1": 1, "2": 1} and made.widths == (1,)
    with IndexedReader(tmp_path / "a.rec") as reader:
        headers = [unpack(record)[0] for record in reader]
        assert [(h.id, h.label) for h in headers] == [(14, 2.0), (0, 0.0), (7, 1.0)]
        assert unpack(reader.get(7))[0].id == 7
    assert [f.name for f in made.files] == ["a.rec", "a.idx", "a.rec.crc"]
    assert made.size is None and made.moments.pixels > 0


def test_any_number_of_threads_gives_the_same_bytes(write, tmp_path, no_new_threads):
    several = [write(f"{n}/a.rec", threads=n)[0] for n in (1, 2, 5) if (tmp_path / str(n)).mkdir() is None]
    assert several[0] == several[1] == several[2]


def test_what_is_lost_is_told(write, folder, listing):
    (folder / "ant/0.jpg").write_bytes(b"")
    (folder / "cat/4.jpg").unlink()
    told = []
    made, lost = write(tell=lambda done, bad: told.append((done, bad)))
    assert made.records == 13 and sum(d for d, _ in told) == 15 and sum(b for _, b in told) == 2
    assert lost == [
        Rejected(path="ant/0.jpg", reason="empty file; expected an image (jpeg, png)", id=0),
        Rejected(path="cat/4.jpg", reason="no such file", id=14),
    ]


def test_strict_stops_and_leaves_nothing(write, folder, tmp_path, no_new_threads):
    (folder / "bee/1.png").write_bytes(b"x" * 100)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"^bee/1.png: not an image.*--strict stops"):
        write(strict=True)
    assert sorted(tmp_path.iterdir()) == before


def test_a_record_that_is_too_large_is_rejected(write, monkeypatch):
    def append(self, record, key=None):
        if key == 3:
            raise RefusedError(f"{self.path}: record 3: 999 bytes; a record must be shorter")
        return write_one(self, record, key)

    write_one = Writer.write
    monkeypatch.setattr(Writer, "write", append)
    made, lost = write()
    assert made.records == 14 and lost[0].reason == "record 3: 999 bytes; a record must be shorter"


def test_a_full_disk_leaves_nothing(write, tmp_path, no_new_threads):
    """A limit on the size of files stands for a full disk: writing fails in the middle, by the system."""
    before = sorted(tmp_path.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert sorted(tmp_path.iterdir()) == before


def test_labels_that_no_record_holds(tmp_path, folder):
    path = tmp_path / "a.lst"
    path.write_text("1\t1e300\tant/0.jpg\n2\t1\t2\t3\tant/1.png\n")
    found = listings.of_list(path, folder)
    made, lost = shard.write_shard(tmp_path / "a.rec", found, np.arange(2), Recipe(), Manner())
    assert made.records == 1 and made.widths == (3,) and made.counts == {}
    assert "labels must fit float32" in lost[0].reason


def test_a_list_cannot_lead_out_of_its_root(tmp_path, folder):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.jpg").symlink_to(folder / "ant/0.jpg")
    (root / "dir").symlink_to(folder)
    (root / "inside").mkdir()
    os.link(folder / "ant/1.png", root / "inside/1.png")
    (root / "good.png").symlink_to("inside/1.png")
    path = tmp_path / "a.lst"
    path.write_text("1\t0\tlink.jpg\n2\t0\tdir/ant/0.jpg\n3\t0\tgood.png\n")
    made, lost = shard.write_shard(
        tmp_path / "a.rec", listings.of_list(path, root), np.arange(3), Recipe("keep"), Manner()
    )
    assert made.records == 1 and [r.path for r in lost] == ["link.jpg", "dir/ant/0.jpg"]
    assert all("a link leads out of" in r.reason for r in lost)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ((3.0,), ["3"]), ((0.5,), ["0.5"]), ((1.0, 2.0), []),
        ((4.0, 5.0, 780.0, 438.0, 7.0, 0.0, 0.1, 0.2, 1.3, 8.0, 0.0, 0.1, 0.2, 1.3), ["7", "8"]),
    ],
)  # fmt: skip
def test_counted(labels, names):
    assert counted(labels) == names


def test_tally(rng):
    tally = Tally()
    for label in (10, 9, 10):
        tally.add((float(label),), shard.Shape(2, 2, 1))
    made = tally.shard(3, ())
    assert list(made.counts.items()) == [("9", 1), ("10", 2)] and made.size == (2, 2, 1)
    tally.add((1.0, 2.0), shard.Shape(2, 2, 3))
    assert tally.shard(4, ()).size is None and tally.shard(4, ()).widths == (1, 2)


def test_what_differs_is_found(write, tmp_path):
    made, _ = write()
    assert shard.differs(made, tmp_path) == ""
    for name in ("a.rec", "a.idx", "a.rec.crc"):
        path = tmp_path / name
        whole = path.read_bytes()
        path.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
        assert f"{path}: expected sha256" in shard.differs(made, tmp_path)
        path.write_bytes(whole + b"x")
        assert f"{path}: expected {len(whole)} bytes" in shard.differs(made, tmp_path)
        path.unlink()
        assert "No such file" in shard.differs(made, tmp_path)
        path.write_bytes(whole)


def test_stale(write, listing, folder, tmp_path):
    made, _ = write()
    order = np.arange(15)
    assert not shard.stale(made, tmp_path, listing, order)
    (folder / "ant/3.png").unlink()
    assert not shard.stale(made, tmp_path, listing, order)
    later = (tmp_path / "a.rec").stat().st_mtime + 5
    os.utime(folder / "cat/4.jpg", (later, later))
    assert shard.stale(made, tmp_path, listing, order)
    assert not shard.stale(made, tmp_path, listing, order[:14])


def test_an_image_replaced_by_an_older_one_is_stale(write, listing, folder, tmp_path):
    """As `mv` and `rsync -a` do: the new file keeps the time at which it was written."""
    made, _ = write()
    now = (tmp_path / "a.rec").stat().st_mtime
    os.utime(tmp_path / "a.rec", (now + 5, now + 5))
    assert not shard.stale(made, tmp_path, listing, np.arange(15))
    os.utime(tmp_path / "a.rec", (now - 60, now - 60))
    other = tmp_path / "older.jpg"
    other.write_bytes((folder / "ant/0.jpg").read_bytes())
    os.utime(other, (now - 3600, now - 3600))
    os.replace(other, folder / "cat/4.jpg")
    assert shard.stale(made, tmp_path, listing, np.array([14]))
