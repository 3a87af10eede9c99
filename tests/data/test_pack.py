"""Packing from end to end: what decides the bytes, what is left after an interruption, what is never lost."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError, EnvironmentFault, OutOfSpace, RunBusy, UsageError
from mxtrain.data.pack import Options, pack
from mxtrain.data.packing import manifest, places, writing
from mxtrain.data.packing.check import check
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import of_folder, of_list
from mxtrain.data.packing.shard import Manner
from recordio import IndexedReader, Writer, read_lst, unpack


def run(folder, out, manner=None, **options):
    recipe = options.pop("recipe", Recipe("raw", resize=6))
    return pack(of_folder(folder, ("jpeg", "png")), out, Options(recipe, **options), manner or Manner(threads=2))


def content(out):
    """Every file of a pack by name, but the index that reading may have left."""
    return {p.name: p.read_bytes() for p in sorted(out.parent.glob(f"{out.name}*")) if p.suffix != ".index"}


@pytest.fixture
def out(tmp_path):
    (tmp_path / "packs").mkdir()
    return tmp_path / "packs/birds"


def test_what_is_made(folder, out):
    (made,) = run(folder, out)
    assert set(content(out)) == {"birds.rec", "birds.idx", "birds.rec.crc", "birds.lst", "birds.json"}
    assert out.with_name("birds.rec.index").stat().st_size > 15 * 8, "the first reader finds the mapped index"
    held = made.manifest
    assert held == dataclasses.replace(manifest.read(out.with_suffix(".json")), options=held.options)
    assert held.classes == ("ant", "bee", "cat") and held.counts == {"ant": 5, "bee": 5, "cat": 5}
    assert held.source["kind"] == "folder" and held.source["images"] == 15 and made.kept == 0
    with IndexedReader(out.with_suffix(".rec")) as reader:
        pixels = [unpack(record)[1] for record in reader]
    flat = np.concatenate([np.frombuffer(p, np.uint8)[len(bytes(p[:16]).split(b"255\n")[0]) + 4 :] for p in pixels])
    np.testing.assert_allclose(np.mean(held.mean), flat.mean(), rtol=1e-9)
    assert not any(str(folder.parent) in p.read_text() for p in (out.with_suffix(".json"), out.with_suffix(".lst")))


@pytest.mark.parametrize("encode", ["jpeg", "png", "raw", "keep"])
def test_any_number_of_threads_gives_the_same_bytes(folder, tmp_path, encode, no_new_threads):
    several = []
    for threads in (1, 2, 7):
        where = tmp_path / str(threads) / "birds"
        run(folder, where, Manner(threads=threads), shards=2, recipe=Recipe(encode), val=0.4, stratify=True)
        several.append(content(where))
    assert several[0] == several[1] == several[2] and len(several[0]) == 2 * 8


def test_the_place_does_not_matter_and_the_seed_does(folder, tmp_path):
    moved = tmp_path / "elsewhere/pictures"
    moved.parent.mkdir()
    run(folder, tmp_path / "a/birds")
    folder.rename(moved)
    run(moved, tmp_path / "b/birds")
    run(moved, tmp_path / "c/birds", seed=1)
    assert content(tmp_path / "a/birds") == content(tmp_path / "b/birds")
    assert content(tmp_path / "a/birds")["birds.rec"] != content(tmp_path / "c/birds")["birds.rec"]


def test_images_keep_their_order_unless_they_are_mixed(folder, out):
    run(folder, out, shuffle=False, shards=4)
    assert [e.index for e in read_lst(out.with_suffix(".lst"))] == list(range(15))
    records = [len(IndexedReader(rec)) for rec in places.find(out)]
    assert records == [3, 4, 4, 4]


def test_held_out_images_are_in_one_of_the_two(folder, out):
    train, val = run(folder, out, val=0.2, stratify=True)
    assert (train.prefix.name, val.prefix.name) == ("birds-train", "birds-val")
    assert val.manifest.counts == {"ant": 1, "bee": 1, "cat": 1} and train.manifest.records == 12
    entries = [e for made in (train, val) for e in read_lst(places.list_path(made.prefix))]
    assert [e.index for e in entries] == list(range(15)) and len({e.path for e in entries}) == 15
    assert [e.path for e in entries] != sorted(e.path for e in entries)
    assert train.manifest.classes == val.manifest.classes


def test_a_finished_pack_is_left_alone(folder, out):
    run(folder, out, shards=3)
    before = {p: p.stat().st_mtime_ns for p in out.parent.iterdir()}
    (made,) = run(folder, out, shards=3)
    assert made.kept == 3 and {p: p.stat().st_mtime_ns for p in out.parent.iterdir()} == before


def test_what_was_damaged_or_changed_is_made_anew(folder, out):
    run(folder, out, shards=3)
    whole = content(out)
    rec = places.shard_path(out, 1, 3)
    rec.write_bytes(rec.read_bytes()[:-1] + b"\1")
    places.shard_path(out, 2, 3).with_suffix(".idx").unlink()
    places.list_path(out).write_text("changed")
    (made,) = run(folder, out, shards=3)
    assert made.kept == 1 and content(out) == whole
    later = rec.stat().st_mtime + 5
    os.utime(folder / "ant/0.jpg", (later, later))
    (made,) = run(folder, out, shards=3)
    assert made.kept == 2 and content(out) == whole


def test_another_pack_of_the_name_is_not_replaced_unasked(folder, out):
    run(folder, out, shards=3)
    whole = content(out)
    with pytest.raises(UsageError, match="another pack of this name is there"):
        run(folder, out, shards=2)
    assert content(out) == whole
    run(folder, out, Manner(overwrite=True), shards=2)
    assert len(places.find(out)) == 2 and not places.shard_path(out, 0, 3).exists()
    places.manifest_path(out).write_text("{}")
    with pytest.raises(UsageError, match="--overwrite packs anew"):
        run(folder, out, shards=2)
    run(folder, out, Manner(overwrite=True), shards=2)
    places.manifest_path(out).unlink()
    with pytest.raises(UsageError, match="no manifest says what it is"):
        run(folder, out, shards=2)


KILLED = """
import os, signal, sys
from pathlib import Path
from mxtrain.data import pack as packing
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import of_folder
from mxtrain.data.packing.shard import Manner
count, limit = 0, int(sys.argv[3])
def tell(done, bad):
    global count
    count += done
    if count > limit:
        os.kill(os.getpid(), signal.SIGKILL)
options = packing.Options(Recipe("raw", resize=6), shards=5)
packing.pack(of_folder(Path(sys.argv[1]), ("jpeg", "png")), Path(sys.argv[2]), options, Manner(2, tell=tell))
"""


@pytest.mark.parametrize("limit", [0, 4, 9, 14])
def test_a_killed_run_goes_on(folder, tmp_path, out, limit):
    run(folder, tmp_path / "whole/birds", shards=5)
    done = subprocess.run([sys.executable, "-c", KILLED, folder, out, str(limit)], capture_output=True, timeout=60)
    assert done.returncode == -9, done.stderr
    names = set(content(out))
    assert "birds.json" not in names and "birds.progress.json" in names
    with pytest.raises(DataError, match="packing is not finished"):
        places.find(out)
    (made,) = run(folder, out, shards=5)
    assert made.kept == limit // 3
    assert content(out) == content(tmp_path / "whole/birds")
    assert not [p.name for p in out.parent.iterdir() if p.name.startswith(".tmp")]


def test_an_interrupted_run_goes_on_and_forgets_no_reject(folder, tmp_path, out):
    (folder / "ant/1.png").write_bytes(b"")
    with pytest.raises(KeyboardInterrupt):
        run(folder, out, Manner(tell=_stop_after(9)), shards=5, shuffle=False)
    (made,) = run(folder, out, shards=5, shuffle=False)
    assert made.kept >= 2 and [r.path for r in made.manifest.rejected] == ["ant/1.png"]
    run(folder, tmp_path / "whole/birds", shards=5, shuffle=False)
    assert content(out) == content(tmp_path / "whole/birds")


def _stop_after(count):
    total = [0]

    def tell(done, bad):
        total[0] += done
        if total[0] > count:
            raise KeyboardInterrupt

    return tell


def test_an_unfinished_pack_of_other_options_is_dropped(folder, out):
    with pytest.raises(KeyboardInterrupt):
        run(folder, out, Manner(tell=_stop_after(9)), shards=5)
    assert len(list(out.parent.glob("*.rec"))) == 3
    (made,) = run(folder, out, shards=2)
    assert made.kept == 0 and len(list(out.parent.glob("*.rec"))) == 2
    with pytest.raises(KeyboardInterrupt):
        run(folder, out, Manner(tell=_stop_after(3), overwrite=True), shards=5)
    places.progress_path(out).write_text("damaged")
    with pytest.raises(UsageError, match="no manifest says what it is"):
        run(folder, out, shards=5)
    run(folder, out, Manner(overwrite=True), shards=5)


def test_a_full_disk_is_an_error_that_says_what_to_do(folder, out, monkeypatch):
    write = Writer.write

    def full(self, record, key=None):
        if "00002" in self.path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, record, key)

    monkeypatch.setattr(Writer, "write", full)
    with pytest.raises(OutOfSpace, match="No space left on device; the half file was removed, finished shards stay"):
        run(folder, out, shards=4)
    assert sorted(p.name for p in out.parent.glob("*.rec")) == [places.shard_path(out, n, 4).name for n in (0, 1)]
    assert not list(out.parent.glob(".tmp*")) and not list(out.parent.glob("*.lock"))
    monkeypatch.undo()
    assert run(folder, out, shards=4)[0].kept == 2


def test_a_place_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(EnvironmentFault, match="file"):
        run(folder, tmp_path / "file/birds")
    with pytest.raises(UsageError, match="is a folder"):
        run(folder, tmp_path)


def test_two_at_once(folder, out):
    with writing.lock(out), pytest.raises(RunBusy):
        run(folder, out)


def test_more_shards_than_images(folder, out):
    with pytest.raises(UsageError, match="16 shards for 15 images"):
        run(folder, out, shards=16)


@pytest.fixture
def bad_images(folder, encode, rng):
    """Name -> reason, or None where the image is odd but good."""
    pixels = rng.integers(0, 256, (30, 20, 3), dtype=np.uint8)
    ant = folder / "ant"
    (ant / "empty.jpg").write_bytes(b"")
    (ant / "text.png").write_bytes(b"hello, I am no image")
    (ant / "cut.jpg").write_bytes(encode(pixels, "JPEG")[:400])
    (ant / "zeros.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(1000))
    (ant / "misnamed.jpg").write_bytes(encode(pixels, "PNG"))
    Image.fromarray(pixels).save(ant / "gif.png", "GIF")
    (ant / "one.png").write_bytes(encode(pixels[:1, :1]))
    Image.new("CMYK", (9, 9)).save(ant / "cmyk.jpg", "JPEG")
    Image.fromarray(rng.integers(0, 65536, (9, 9), dtype=np.uint16)).save(ant / "deep.png", "PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(ant / "turned.jpg", "JPEG", exif=exif)
    huge = bytearray(encode(pixels, "PNG"))
    huge[16:24] = (9_000).to_bytes(4, "big") * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    (ant / "huge.png").write_bytes(huge)
    (ant / "gone.jpg").symlink_to(folder / "nowhere")
    return {
        "empty.jpg": "empty file", "text.png": "not an image", "cut.jpg": "damaged", "zeros.jpg": "image",
        "gif.png": "not an image", "huge.png": "9000 x 9000 pixels", "gone.jpg": "broken link",
        "misnamed.jpg": None, "one.png": None, "cmyk.jpg": None, "deep.png": None, "turned.jpg": None,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["jpeg", "keep"])
def test_nothing_is_lost_in_silence(folder, out, bad_images, kind):
    (made,) = run(folder, out, recipe=Recipe(kind), shards=3)
    rejected = {Path(r.path).name: r.reason for r in made.manifest.rejected}
    assert set(rejected) == {name for name, reason in bad_images.items() if reason is not None}
    assert all(bad_images[name] in reason for name, reason in rejected.items()), rejected
    listed = {Path(e.path).name for e in read_lst(out.with_suffix(".lst"))}
    assert {name for name, reason in bad_images.items() if reason is None} <= listed
    assert made.manifest.records == len(list(read_lst(out.with_suffix(".lst")))) == 15 + 5
    assert all(not f.problems and f.decoded == f.records for f in check(places.find(out), True, 2))
    assert run(folder, out, recipe=Recipe(kind), shards=3)[0].kept == 3
    with pytest.raises(DataError, match="--strict stops"):
        run(folder, out.with_name("strict"), Manner(strict=True), recipe=Recipe(kind))
    assert not list(out.parent.glob("strict*.rec"))


def test_all_images_bad(folder, out):
    for path in folder.rglob("*.*"):
        path.write_bytes(b"")
    (made,) = run(folder, out)
    assert made.manifest.records == 0 and len(made.manifest.rejected) == 15 and made.manifest.mean is None


def test_a_list_of_several_labels(folder, tmp_path, out):
    path = tmp_path / "a.lst"
    box = "2\t5\t0\t0.1\t0.2\t0.3\t1.25"
    path.write_text(f"10\t{box}\tant/0.jpg\n4\t{box}\t3\t0.5\t0.5\t0.6\t0.6\tbee/1.png\nx\n5\t1\tcat/gone.jpg\n")
    (made,) = pack(of_list(path, folder), out, Options(Recipe("keep"), shuffle=False), Manner())
    held = made.manifest
    assert held.label_width == (7, 12) and held.counts == {"0": 2, "3": 1} and held.classes is None
    with IndexedReader(out.with_suffix(".rec")) as reader:
        header, payload = unpack(reader.get(4))
        assert header.id == 4 and len(header.label) == 12 and header.label[6] == np.float32(1.25)
        assert payload == (folder / "bee/1.png").read_bytes()
    assert [r.path for r in held.rejected] == ["a.lst:3", "cat/gone.jpg"]
    assert list(read_lst(out.with_suffix(".lst"))) == list(read_lst(path, reject=lambda e: None))[:2]
