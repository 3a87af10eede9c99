from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.sources import arrays


@pytest.fixture
def save(tmp_path):
    """(compressed, arrays...) -> path of a .npz file."""

    def make(compressed=False, **given):
        (np.savez_compressed if compressed else np.savez)(tmp_path / "a.npz", **given)
        return tmp_path / "a.npz"

    return make


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "bool"])
def test_numbers_come_as_float32(save, open_source, rng, compressed, dtype):
    data = rng.integers(0, 2 if dtype == "bool" else 100, (6, 2, 3)).astype(dtype)
    source = open_source("arrays", path=str(save(compressed, data=data, softmax_label=np.arange(6))))
    rows = source.read(np.array([5, 0]))
    np.testing.assert_array_equal(rows.inputs["data"], data[[5, 0]].astype(np.float32))
    assert rows.inputs["data"].dtype == np.float32
    assert rows.labels["softmax_label"].tolist() == [5, 0]


@pytest.mark.parametrize("order", ["C", "F"])
def test_uncompressed_arrays_are_mapped(save, rng, order):
    data = np.asarray(rng.standard_normal((6, 5)), order=order)
    read = arrays.read(save(data=data, y=np.zeros(6)), ("data", "y"))
    assert type(read["data"]) is np.ndarray and isinstance(read["data"].base, np.memmap)
    np.testing.assert_array_equal(read["data"], data)
    packed = arrays.read(save(True, data=data, y=np.zeros(6)), ("data",))
    np.testing.assert_array_equal(packed["data"], data)


@pytest.mark.parametrize(
    ("shape", "images", "sample"),
    [
        ((4, 6, 5), "auto", (6, 5, 1)),
        ((4, 6, 5, 3), "auto", (6, 5, 3)),
        ((4, 3, 6, 5), "auto", (6, 5, 3)),
        ((4, 3, 6, 3), "nchw", (6, 3, 3)),
        ((4, 3, 6, 3), "nhwc", (3, 6, 3)),
    ],
)
def test_images(save, open_source, rng, shape, images, sample):
    data = rng.integers(0, 256, shape, dtype=np.uint8)
    source = open_source("arrays", path=str(save(data=data, softmax_label=np.arange(4))), images=images)
    assert source.inputs["data"].image
    assert source.inputs["data"].type == (sample, "uint8")
    out = source.read(np.arange(4)).inputs["data"]
    moved = data.transpose(0, 2, 3, 1) if shape[1] == sample[2] and images != "nhwc" else data
    np.testing.assert_array_equal(out, moved.reshape(4, *sample))


def test_an_order_that_cannot_be_told(save, open_source):
    path = save(data=np.zeros((4, 3, 6, 3), np.uint8), softmax_label=np.arange(4))
    with pytest.raises(DataError, match="cannot tell which dimension is colour; say images: nhwc, nchw or none"):
        open_source("arrays", path=str(path))


@pytest.mark.parametrize(("shape", "images"), [((4, 7), "auto"), ((4, 6, 5), "none")])
def test_bytes_that_are_no_images(save, open_source, shape, images):
    source = open_source(
        "arrays", path=str(save(data=np.full(shape, 200, np.uint8), softmax_label=np.arange(4))), images=images
    )
    assert not source.inputs["data"].image
    assert source.read(np.array([1])).inputs["data"].dtype == np.float32


def test_several_inputs_and_labels_by_name(save, open_source, rng):
    path = save(left=rng.random((3, 2)), right=rng.random((3, 4)), y=np.zeros((3, 5)), z=np.arange(3))
    source = open_source("arrays", path=str(path), inputs=["left", "right"], labels={"a_label": "y", "b_label": "z"})
    assert {n: f.type.shape for n, f in source.inputs.items()} == {"left": (2,), "right": (4,)}
    assert {n: f.type.shape for n, f in source.labels.items()} == {"a_label": (5,), "b_label": ()}


def test_a_missing_array(save, open_source):
    with pytest.raises(DataError, match=r"no array 'softmax_label'; there are: data, y"):
        open_source("arrays", path=str(save(data=np.zeros(3), y=np.zeros(3))))


def test_objects_are_refused(save, open_source):
    path = save(data=np.array([{"a": 1}, None], object), softmax_label=np.zeros(2))
    with pytest.raises(DataError, match="holds Python objects, which are never loaded"):
        open_source("arrays", path=str(path))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.array(["a", "b"]), "expected numbers, got dtype <U1"),
        (np.array([1j, 2]), "expected numbers, got dtype complex128"),
        (np.array([[1, 2**24 + 1], [0, 0]]), "above 16777216 float32 rounds them"),
        (np.zeros(3), "the number of samples, got data: \\(3,\\), softmax_label: \\(2,\\)"),
        (np.float32(1), "the number of samples"),
    ],
)
def test_arrays_that_do_not_fit(save, open_source, data, text):
    with pytest.raises(DataError, match=text):
        open_source("arrays", path=str(save(data=data, softmax_label=np.zeros(2))))


def test_no_samples(save, open_source):
    with pytest.raises(DataError, match="the number of samples"):
        open_source("arrays", path=str(save(data=np.zeros((0, 3)), softmax_label=np.zeros(0))))


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (np.array([0, np.nan]), "the label of row 1 is not a finite number"),
        (np.zeros((2, 2, 2)), r"\(N,\) or \(N, width\)"),
    ],
)
def test_bad_labels(save, open_source, labels, text):
    with pytest.raises(DataError, match=text):
        open_source("arrays", path=str(save(data=np.zeros(2), softmax_label=labels)))


def test_a_label_without_a_name(save, open_source):
    with pytest.raises(DataError, match="softmax_label: row 1 has label 0.5, but `classes` names 0 to 1"):
        open_source("arrays", path=str(save(data=np.zeros(2), softmax_label=np.array([0, 0.5]))), classes=["a", "b"])


@pytest.mark.parametrize("compressed", [False, True])
def test_broken_files(save, rng, compressed):
    path = save(compressed, data=rng.random((20, 5)), softmax_label=np.zeros(20))
    whole = path.read_bytes()
    for end in (0, 10, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:end])
        with pytest.raises(FormatError, match=r"a\.npz"):
            arrays.read(path, ("data",))


@pytest.mark.parametrize("compressed", [False, True])
def test_any_damage_is_an_array_or_a_clean_error(save, rng, compressed):
    path = save(compressed, data=rng.random((20, 5)), softmax_label=np.zeros(20))
    whole = path.read_bytes()
    for _ in range(300):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), 2):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        try:
            read = arrays.read(path, ("data",))
        except DataError as error:
            assert "a.npz" in str(error)
        else:
            assert read["data"].nbytes <= 2 * len(whole) + 1000


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ({"descr": "<f8", "fortran_order": False, "shape": (10**12,)}, "8000000000128 bytes; it has 136"),
        ({"descr": "<f8", "fortran_order": False, "shape": (-1,)}, "a.npz"),
        ({"descr": "nonsense", "fortran_order": False, "shape": (1,)}, "not a NumPy array"),
        ({"descr": "<f8", "fortran_order": False, "shape": (1,), "more": 1}, "not a NumPy array"),
    ],
)
def test_headers_that_lie(tmp_path, header, text):
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("data.npy", stream.getvalue() + b"12345678")
    with pytest.raises(FormatError, match=text):
        arrays.read(tmp_path / "a.npz", ("data",))


def test_a_member_that_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("data.npy", "hello")
    with pytest.raises(FormatError, match="not a NumPy array"):
        arrays.read(tmp_path / "a.npz", ("data",))
