from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data import image
from mxtrain.data.pack import Options, pack
from mxtrain.data.packing import places
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import of_folder
from mxtrain.data.packing.shard import Manner
from mxtrain.data.sources.records import recoloured
from recordio import Header, Writer, write_checksums
from recordio import pack as record
from recordio.files import cache_path, crc_path, idx_path

MAGIC = bytes.fromhex("0a23d7ce")


@pytest.fixture
def packed(folder, tmp_path):
    """(name, recipe..., options...) -> prefix of the packed folder of 3 classes with 5 images each."""

    def make(name="birds", kind="raw", **options):
        recipe = Recipe(kind, resize=options.pop("resize", 6), crop=True, channels=options.pop("channels", None))
        pack(of_folder(folder, ("jpeg", "png")), tmp_path / name, Options(recipe, **options), Manner())
        return tmp_path / name

    return make


@pytest.fixture
def records(open_source):
    return lambda *paths, **params: open_source("records", path=tuple(map(str, paths)), **params)


def strip(out):
    """Leave the `.rec` alone, as others make them."""
    for rec in places.find(out):
        for path in (idx_path(rec), crc_path(rec), cache_path(rec)):
            path.unlink(missing_ok=True)
    places.manifest_path(out).unlink()


def contents(source):
    """Label and pixels of every sample."""
    rows = source.read(np.arange(len(source)))
    samples, labels = rows.inputs["data"], rows.labels["softmax_label"]
    formats = source.inputs["data"].formats
    channels = source.inputs["data"].type.shape[2]
    if isinstance(samples, list):
        samples = [image.decode(s.content, channels, name=s.name, formats=formats) for s in samples]
    return [(label.tolist(), np.asarray(sample)) for label, sample in zip(labels, samples, strict=True)]


def same(a, b):
    assert [label for label, _ in a] == [label for label, _ in b]
    for (_, left), (_, right) in zip(a, b, strict=True):
        np.testing.assert_array_equal(left, right)


def test_raw_images_of_one_size_are_arrays(packed, records):
    source = records(packed())
    assert source.inputs["data"].type == ((6, 6, 3), "uint8") and source.inputs["data"].formats == ()
    assert source.labels["softmax_label"].type == ((), "float32")
    assert len(source) == 15 and source.classes == ("ant", "bee", "cat") and source.report == ()
    rows = source.read(np.array([3, 3, 0]))
    assert rows.inputs["data"].shape == (3, 6, 6, 3) and rows.labels["softmax_label"].shape == (3,)
    np.testing.assert_array_equal(rows.inputs["data"][0], rows.inputs["data"][1])


@pytest.mark.parametrize("kind", ["raw", "png"])
def test_shards_are_one_data_set(packed, records, kind):
    one, many = packed("one", kind), packed("many", kind, shards=4)
    same(contents(records(one)), contents(records(many)))
    same(contents(records(one)), contents(records(*places.find(many))))
    same(contents(records(one)), contents(records(many.with_name("many-*.rec"))))
    mixed = np.random.default_rng(0).permutation(15)
    left, right = records(one).read(mixed), records(many).read(mixed)
    np.testing.assert_array_equal(left.labels["softmax_label"], right.labels["softmax_label"])


def test_the_pixels_are_those_that_were_packed(packed, records):
    same(contents(records(packed("a", "raw"))), contents(records(packed("b", "png"))))


@pytest.mark.parametrize("kind", ["raw", "jpeg"])
def test_without_anything_beside_it(packed, records, kind):
    out = packed(kind=kind, shards=2)
    whole = contents(records(out))
    recs = places.find(out)
    strip(out)
    source = records(*recs)
    assert source.classes is None
    same(contents(source), whole)
    assert all(cache_path(rec).exists() for rec in recs)
    assert records(*recs, classes=("a", "b", "c")).classes == ("a", "b", "c")


def test_raw_images_of_several_sizes_are_decoded_one_by_one(folder, tmp_path, records):
    pack(of_folder(folder, ("jpeg", "png")), tmp_path / "a", Options(Recipe("raw")), Manner())
    source = records(tmp_path / "a")
    assert source.inputs["data"].formats == ("jpeg", "png", "ppm")
    assert len({pixels.shape for _, pixels in contents(source)}) > 3
    for path in (tmp_path / "a.json", tmp_path / "a.rec.index"):
        path.unlink()
    same(contents(records(tmp_path / "a")), contents(source))


def test_colour(packed, records):
    gray, colour = packed("gray", channels=1), packed("colour")
    assert records(gray).inputs["data"].type.shape == (6, 6, 1)
    assert records(packed("png", "png", channels=1)).inputs["data"].type.shape[2] == 1
    wide = records(gray, channels=3).read(np.arange(15)).inputs["data"]
    np.testing.assert_array_equal(wide, np.repeat(records(gray).read(np.arange(15)).inputs["data"], 3, axis=3))
    narrow = contents(records(colour, channels=1))
    same(narrow, contents(records(packed("c", "png"), channels=1)))


def test_recoloured_as_pillow_does(rng, encode):
    pixels = rng.integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(recoloured(pixels, 1)[0], image.decode(encode(pixels[0]), 1))
    assert recoloured(pixels, 3) is pixels


def write(path, *records_):
    with Writer(path, checksum=False) as writer:
        for key, content in records_:
            writer.write(content, key)
    return path


def raw_record(pixels, label=1.0, id=0):
    return record(Header(label, id), b"P6\n%d %d\n255\n" % pixels.shape[1::-1] + pixels.tobytes())


@pytest.fixture
def split_pixels():
    """5 x 5 images whose record 2 holds magic words where they cut it into parts."""
    images = np.arange(4 * 75, dtype=np.uint32).astype(np.uint8).reshape(4, 5, 5, 3)
    flat = images[2].reshape(-1)
    start = -(24 + len(b"P6\n5 5\n255\n")) % 4
    flat[start : start + 4] = flat[start + 20 : start + 24] = np.frombuffer(MAGIC, np.uint8)
    return images


def test_a_record_in_parts_among_the_others(tmp_path, records, split_pixels):
    path = write(tmp_path / "a.rec", *((n, raw_record(p, float(n))) for n, p in enumerate(split_pixels)))
    assert path.read_bytes().count(MAGIC) == 6
    source = records(path)
    assert source.inputs["data"].formats == ()
    rows = source.read(np.array([3, 2, 0, 2]))
    np.testing.assert_array_equal(rows.inputs["data"], split_pixels[[3, 2, 0, 2]])
    assert rows.labels["softmax_label"].tolist() == [3, 2, 0, 2]


def test_the_first_or_last_record_in_parts(tmp_path, records, split_pixels):
    for order in ([2, 0, 1], [0, 1, 2], [2, 2, 2], [2]):
        path = write(tmp_path / f"{order}.rec".replace(" ", ""), *enumerate(map(raw_record, split_pixels[order])))
        rows = records(path.with_name(path.name.replace("[", "[[]"))).read(np.arange(len(order)))
        np.testing.assert_array_equal(rows.inputs["data"], split_pixels[order])


def test_a_raw_image_of_another_size(tmp_path, records, rng):
    pixels = rng.integers(0, 256, (6, 5, 5, 3), dtype=np.uint8)
    odd = rng.integers(0, 256, (25, 1, 3), dtype=np.uint8)
    # The same number of bytes: only its header tells.
    path = write(tmp_path / "a.rec", *enumerate(map(raw_record, [*pixels[:3], odd, *pixels[3:]])))
    source = records(path)
    with pytest.raises(FormatError, match="record 3: expected a raw image 5 x 5 x 3 .*, got a raw image 25 x 1 x 3"):
        source.read(np.arange(7))
    assert len(source.read(np.array([0, 6])).labels["softmax_label"]) == 2
    larger = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    path = write(tmp_path / "b.rec", *enumerate(map(raw_record, [*pixels[:3], larger])))
    assert records(path).inputs["data"].formats


@pytest.mark.parametrize("kind", ["raw", "png"])
def test_damage_names_file_and_record(packed, records, kind):
    out = packed(kind=kind, shuffle=False)
    rec = out.with_suffix(".rec")
    source = records(out)
    content = bytearray(rec.read_bytes())
    at = int.from_bytes(content[4:8], "little") + 8
    at += -at % 4
    content[at] ^= 1
    rec.write_bytes(content)
    with pytest.raises(FormatError, match=r"birds.rec: offset \d+: record 1: expected the magic word"):
        records(out).read(np.array([1]))
    assert len(records(out).read(np.array([2, 14])).labels["softmax_label"]) == 2
    assert source.name(1) == f"{rec}: record 1"


def test_a_file_of_damaged_records_only(packed, records):
    out = packed(kind="png")
    rec = out.with_suffix(".rec")
    rec.write_bytes(bytes(len(rec.read_bytes())))
    with pytest.raises(FormatError, match="record 0: expected the magic word"):
        records(out)


def test_checksums_are_compared_if_asked(packed, records):
    out = packed(shuffle=False)
    rec = out.with_suffix(".rec")
    content = bytearray(rec.read_bytes())
    content[-5] ^= 1
    rec.write_bytes(content)
    assert len(records(out).read(np.array([14])).labels["softmax_label"]) == 1
    source = records(out, verify=True)
    verified, plain = (s.read(np.arange(14)).inputs["data"] for s in (source, records(out)))
    np.testing.assert_array_equal(verified, plain)
    with pytest.raises(FormatError, match="record 14: expected crc32"):
        source.read(np.array([14]))
    crc_path(rec).unlink()
    with pytest.raises(FormatError, match="not there"):
        records(out, verify=True)


@pytest.mark.parametrize("last", [False, True])
def test_insightface(tmp_path, records, encode, rng, last):
    """Key 0: (N, M) and no image; 1 to N - 1: images; N to M - 1: ranges of keys."""
    images = [encode(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)) for _ in range(3)]
    head = [(0, record(Header((4.0, 6.0), 0), b""))]
    rest = [(k + 1, record(Header((float(k), 0.0) if k else 0.0, k + 1), i)) for k, i in enumerate(images)]
    rest += [(4, record(Header((1.0, 3.0), 4), b"")), (5, record(Header((3.0, 4.0), 5), b""))]
    path = write(tmp_path / "train.rec", *(rest + head if last else head + rest))
    source = records(path)
    assert len(source) == 3 and source.labels["softmax_label"].type.shape == ()
    rows = source.read(np.arange(3))
    assert [bytes(s.content) for s in rows.inputs["data"]] == images
    assert rows.labels["softmax_label"].tolist() == [0, 1, 2]
    assert "a header and 2 records of identities" in source.report[0].reason
    assert source.name(0) == f"{path}: record {0 if last else 1}"
    if not last:
        idx_path(path).unlink()
        assert len(records(path)) == 3


def test_a_header_that_cannot_be(tmp_path, records):
    for labels in ((9.0, 10.0), (0.0, 1.0), (1.5, 2.0)):
        path = write(tmp_path / "a.rec", (0, record(Header(labels, 0), b"")), (1, record(Header(1.0, 1), b"x")))
        with pytest.raises(FormatError, match="expected a header of InsightFace"):
            records(path)
    path = write(tmp_path / "b.rec", (0, record(Header(1.0, 0), b"x")), (1, record(Header(1.0, 1), b"")))
    with pytest.raises(FormatError, match="record 1: holds no image"):
        records(path).read(np.array([1]))
    path = write(tmp_path / "c.rec", (0, b"short"))
    with pytest.raises(FormatError, match="c.rec: record 0: not an image record"):
        records(path)
    path = write(tmp_path / "d.rec")
    with pytest.raises(DataError, match="holds no image"):
        records(path)


def test_labels(tmp_path, records):
    path = write(
        tmp_path / "a.rec", (0, record(Header((1.0, 2.0), 0), b"x")), (1, record(Header((1.0, 2.0, 3.0), 1), b"x"))
    )
    assert records(path).labels["softmax_label"].type.shape == (2,)
    assert records(path).read(np.array([0])).labels["softmax_label"].tolist() == [[1, 2]]
    with pytest.raises(FormatError, match="record 1: has 3 labels, expected 2"):
        records(path).read(np.array([1]))
    padded = records(path, label_width=4, label_pad=-1.0).read(np.arange(2)).labels["softmax_label"]
    assert padded.tolist() == [[1, 2, -1, -1], [1, 2, 3, -1]]
    with pytest.raises(FormatError, match="has 2 labels, expected 1"):
        records(path, label_width=1).read(np.array([0]))


def test_raw_rows_have_labels_too(tmp_path, records, rng):
    pixels = rng.integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)
    path = write(tmp_path / "a.rec", *((n, raw_record(p, (n + 0.5, -1.0))) for n, p in enumerate(pixels)))
    rows = records(path).read(np.array([2, 0]))
    assert rows.labels["softmax_label"].tolist() == [[2.5, -1], [0.5, -1]]
    np.testing.assert_array_equal(rows.inputs["data"], pixels[[2, 0]])
    assert records(path, label_width=3, label_pad=0.0).inputs["data"].formats


def test_files_that_do_not_go_together(packed, folder, records):
    one = packed("one")
    (folder / "cat").rename(folder / "bat")
    two = packed("two")
    with pytest.raises(DataError, match="their labels do not mean the same; `mxtrain pack merge`"):
        records(one, two)
    assert len(records(one, two, classes=("x", "y", "z"))) == 30


def test_not_there(tmp_path, records):
    with pytest.raises(DataError, match="nothing is there"):
        records(tmp_path / "no")
    (tmp_path / "a.rec").write_bytes(b"")
    (tmp_path / "a.idx").write_text("0\t0\nx")
    with pytest.raises(DataError, match="a.idx"):
        records(tmp_path / "a.rec")


def test_fingerprint(packed, records):
    out = packed(shards=2)
    first = records(out).fingerprint()
    assert first["samples"] == 15 and first["classes"] == ["ant", "bee", "cat"]
    json.dumps(first)
    strip(out)
    second = records(*(places.shard_path(out, n, 2) for n in range(2))).fingerprint()
    assert first["files"] == second["files"] and second["classes"] == []


def test_training_reads_it(packed, records, steps, iterate, drain, same):
    crop = ("random_crop", {"size": 5}), ("flip", {})
    one, many = packed("one"), packed("many", shards=3)
    left, right = (iterate(records(p), steps(*crop), seed=3) for p in (one, many))
    same(drain(left, 1), drain(right, 1))
    same(drain(left, 1)[2:], drain(left, 1, 2))
    assert {i for batch in drain(left) for i in batch[2].tolist()} == set(range(15))


@pytest.mark.parametrize(("kind", "bad"), [("png", [0, 1]), ("raw", [1])])
@pytest.mark.parametrize("threads", [0, 2])
def test_bad_records_are_replaced_or_marked_by_the_pipeline(packed, records, steps, iterate, drain, kind, bad, threads):
    out = packed(kind=kind, shuffle=False)
    rec = out.with_suffix(".rec")
    content = bytearray(rec.read_bytes())
    second = int.from_bytes(content[4:8], "little") + 8
    content[second + -second % 4] ^= 1
    rec.write_bytes(content)
    crop = steps(("center_crop", {"size": 5}))
    trained = iterate(records(out), crop, on_error="skip", max_bad=0.2, threads=threads)
    drain(trained)
    # The one before it is not believed either, but for raw images of a known size: a wrong length would look the same.
    assert sorted(trained.bad) == bad and "record 1" in trained.bad[1]
    marked = drain(iterate(records(out), crop, training=False, on_error="skip", threads=threads))
    assert list(marked[0][5]) == bad
    with pytest.raises(DataError, match=f"record {bad[0]}"):
        drain(iterate(records(out), crop, training=False, threads=threads))


def test_damage_in_a_file_without_an_index_is_an_error_of_its_sample(packed, records, steps, iterate, drain):
    out = packed(kind="png", shuffle=False)
    strip(out)
    rec = out.with_suffix(".rec")
    content = bytearray(rec.read_bytes())
    second = int.from_bytes(content[4:8], "little") + 8
    content[second + -second % 4] ^= 1
    rec.write_bytes(content)
    crop = steps(("center_crop", {"size": 5}))
    trained = iterate(records(rec), crop, on_error="skip", max_bad=0.2)
    drain(trained)
    assert len(trained.source) == 14 and sorted(trained.bad) == [0]
    with pytest.raises(DataError, match="record 0"):
        drain(iterate(records(rec), crop))


@pytest.mark.data
def test_real_files(data_pack, tmp_path, records):
    for name in ("cgzzt", "cnocr"):
        shutil.copytree(data_pack / "mxnet/recs" / name, tmp_path / name, ignore=shutil.ignore_patterns("*.index"))
    source = records(tmp_path / "cgzzt/train.rec", tmp_path / "cgzzt/val.rec", channels=1)
    assert len(source) == 1380 + 392 and source.report == ()
    found = contents(source)
    assert {pixels.shape for _, pixels in found} == {(28, 28, 1)}
    assert sorted({label for label, _ in found}) == [
        2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 22, 23, 25, 32, 33, 34,
    ]  # fmt: skip
    source = records(tmp_path / "cnocr/sample-data_*.rec")
    assert len(source) == 11 and source.labels["softmax_label"].type.shape == (20,)
    found = contents(source)
    assert {pixels.shape for _, pixels in found} == {(32, 280, 3)}
    listed = (tmp_path / "cnocr/sample-data_test.lst").read_text().split("\n")
    assert [float(x) for x in listed[0].split("\t")[1:-1]] == found[0][0]
    write_checksums(tmp_path / "cgzzt/val.rec")
    assert len(contents(records(tmp_path / "cgzzt/val.rec", verify=True))) == 392
