from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.sources import idx


def idx_bytes(array, kind=8):
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)


LABELS = np.array([3, 1, 4, 1, 5], np.uint8)


@pytest.fixture
def mnist(tmp_path, images):
    """(ending, mark) -> a folder with both splits in that spelling."""

    def make(ending="", mark="-"):
        pack = gzip.compress if ending else bytes
        for prefix in ("train", "t10k"):
            count = 5 if prefix == "train" else 2
            (tmp_path / f"{prefix}-images{mark}idx3-ubyte{ending}").write_bytes(pack(idx_bytes(images[:count])))
            (tmp_path / f"{prefix}-labels{mark}idx1-ubyte{ending}").write_bytes(pack(idx_bytes(LABELS[:count])))
        return tmp_path

    return make


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("mark", ["-", "."])
def test_both_spellings_compressed_or_not(mnist, open_source, images, ending, mark):
    folder = mnist(ending, mark)
    train = open_source("idx", folder=str(folder))
    rows = train.read(np.array([4, 0]))
    np.testing.assert_array_equal(rows.inputs["data"], images[[4, 0]][..., None])
    assert rows.labels["softmax_label"].tolist() == [5, 3]
    assert rows.labels["softmax_label"].dtype == np.float32
    assert len(open_source("idx", folder=str(folder), split="test")) == 2


def test_files_by_name(mnist, open_source):
    folder = mnist()
    source = open_source(
        "idx",
        where=folder,
        images="train-images-idx3-ubyte",
        labels="train-labels-idx1-ubyte",
        classes=list("abcdef"),
        data_name="x",
        label_name="y",
    )
    assert list(source.inputs) == ["x"]
    assert list(source.labels) == ["y"]
    assert source.classes == tuple("abcdef")
    assert source.inputs["x"].type.shape == (4, 3, 1)


def test_compressed_is_known_by_its_bytes_not_its_name(tmp_path, images):
    (tmp_path / "a").write_bytes(gzip.compress(idx_bytes(images)))
    np.testing.assert_array_equal(idx.read(tmp_path / "a"), images)


def test_no_labels(mnist, open_source):
    source = open_source("idx", images=str(mnist() / "train-images-idx3-ubyte"))
    assert source.read(np.array([0])).labels == {}


def test_numbers_that_are_no_images(tmp_path, open_source):
    values = np.arange(6, dtype=">f4").reshape(3, 2)
    (tmp_path / "a").write_bytes(idx_bytes(values, 0x0D))
    source = open_source("idx", images=str(tmp_path / "a"))
    assert not source.inputs["data"].image
    rows = source.read(np.array([2]))
    assert rows.inputs["data"].tolist() == [[4, 5]]
    assert rows.inputs["data"].dtype == np.dtype("float32")


def broken_files():
    good = idx_bytes(np.zeros((5, 4, 3), np.uint8))
    packed = gzip.compress(good)
    return {
        "empty": (b"", "offset 0 must hold 00 00.*got nothing"),
        "magic": (b"\x89PNG" + good[4:], "not an idx file.*got 89 50 4e 47"),
        "type": (b"\0\0\x07\x03" + good[4:], "not an idx file"),
        "dimensions": (b"\0\0\x08\x00" + good[4:], "not an idx file"),
        "header": (good[:10], "ends at offset 10, inside the 3 dimensions"),
        "short": (good[:-1], "76 bytes; the file has 75"),
        "long": (good + b"x", "76 bytes; the file has 77"),
        "huge": (struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31) + good[16:], "the file has 76"),
        "gz cut": (packed[:-12], "damaged or cut short"),
        "gz flipped": (packed[:20] + b"\xff\xff" + packed[22:], "(damaged or cut short|header says|not an idx)"),
        "gz short": (gzip.compress(good[:-1]), "76 bytes; the data end at 75"),
        "gz long": (gzip.compress(good + b"x"), "more data follow at offset 76"),
        "gz huge": (
            gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 60000, 60000, 60000)),
            "more than .* compressed bytes can hold",
        ),
    }


@pytest.mark.parametrize("kind", broken_files())
def test_broken_files(tmp_path, kind):
    data, text = broken_files()[kind]
    (tmp_path / "bad").write_bytes(data)
    with pytest.raises(FormatError, match=text) as error:
        idx.read(tmp_path / "bad")
    assert str(tmp_path / "bad") in str(error.value)


@settings(max_examples=200, deadline=None)
@given(head=st.binary(max_size=24), compress=st.booleans())
def test_any_bytes_are_an_array_or_a_clean_error(tmp_path_factory, head, compress):
    path = tmp_path_factory.getbasetemp() / "any.idx"
    data = b"\0\0\x08" + head
    path.write_bytes(gzip.compress(data) if compress else data)
    try:
        out = idx.read(path)
    except FormatError as error:
        assert "any.idx" in str(error)
    else:
        assert out.size <= len(data)


def test_fewer_labels_than_images(mnist, open_source):
    folder = mnist()
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS[:4]))
    with pytest.raises(DataError, match="4 labels, but .*holds 5 images"):
        open_source("idx", folder=str(folder))


def test_a_label_without_a_name(mnist, open_source):
    with pytest.raises(DataError, match="row 2 has label 4, but `classes` names 0 to 3"):
        open_source("idx", folder=str(mnist()), classes=list("abcd"))


def test_no_labels_in_the_folder(mnist, open_source):
    folder = mnist()
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="expected one of train-labels-idx1-ubyte, train-labels.idx1-ubyte"):
        open_source("idx", folder=str(folder))


def test_labels_in_place_of_images(mnist, open_source):
    with pytest.raises(FormatError, match=r"expected images \(N, height, width\), got \(5,\)"):
        open_source("idx", images=str(mnist() / "train-labels-idx1-ubyte"))


@pytest.mark.parametrize(
    "wrong", [{}, {"folder": "a", "images": "b"}, {"folder": "a", "labels": "b"}, {"folder": "a", "splits": 1}]
)
def test_parameters_that_contradict(wrong):
    with pytest.raises(ValidationError):
        idx.Params(**wrong)


def test_the_fingerprint_changes_with_the_data(mnist, open_source):
    folder = mnist()
    before = open_source("idx", folder=str(folder)).fingerprint()
    assert str(folder) not in str(before)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS[::-1]))
    assert open_source("idx", folder=str(folder)).fingerprint() != before


REAL = {
    ("mnist", "train"): (
        "5041921314",
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        1_567_298_545,
        0.130660,
        0.308108,
    ),
    ("mnist", "test"): (
        "7210414959",
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        264_923_200,
        0.132515,
        0.310480,
    ),
    ("fashion-mnist", "train"): ("9003027255", [6000] * 10, 3_431_114_169, 0.286041, 0.353024),
    ("fashion-mnist", "test"): ("9211614657", [1000] * 10, 573_469_082, 0.286849, 0.352444),
}


@pytest.mark.data
@pytest.mark.parametrize(("name", "split"), REAL)
def test_real_sets(data_pack, open_source, name, split):
    first, counts, total, mean, std = REAL[name, split]
    source = open_source("idx", folder="${MXTRAIN_DATA}/idx/" + name, split=split)
    rows = source.read(np.arange(len(source)))
    labels = rows.labels["softmax_label"].astype(int)
    pixels = rows.inputs["data"]
    assert pixels.shape == (sum(counts), 28, 28, 1)
    assert "".join(map(str, labels[:10])) == first
    assert np.bincount(labels).tolist() == counts
    histogram = np.bincount(pixels.reshape(-1), minlength=256)
    assert histogram @ np.arange(256) == total
    assert round(total / pixels.size / 255, 6) == mean
    assert (
        round(float(np.sqrt(histogram @ np.arange(256) ** 2 / pixels.size - (total / pixels.size) ** 2)) / 255, 6)
        == std
    )
