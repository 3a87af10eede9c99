"""Fixtures of the data tests: small data sets on disk, and short ways to open and iterate them."""

from __future__ import annotations

import io
import pathlib
import threading

import numpy as np
import pytest
from PIL import Image

from mxtrain.data.augment import REGISTRY as AUGMENTERS
from mxtrain.data.iterator import DataIter, Options, first_image
from mxtrain.data.pipeline import Step, prepare
from mxtrain.data.sources import REGISTRY as SOURCES


def encode(pixels, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(name="encode")
def encode_fixture():
    """(pixels, format) -> bytes of an image file."""
    return encode


@pytest.fixture
def steps():
    """(name, parameters)... -> list of Step."""
    return lambda *entries: [Step(name, AUGMENTERS.get(name).params(**params)) for name, params in entries]


@pytest.fixture
def open_source():
    """(source name, parameters...) -> open source; relative paths start at the root."""
    return lambda name, where="/", **params: SOURCES.get(name).open(
        SOURCES.get(name).params(**params), pathlib.Path(where)
    )


@pytest.fixture
def iterate():
    """(open source, steps, options...) -> DataIter."""

    def make(source, steps=(), **options):
        options = Options(**{"batch_size": 4, **options})
        return DataIter(source, prepare(steps, first_image(source), training=options.training), options)

    return make


@pytest.fixture
def drain():
    """(DataIter, epoch, start) -> list of (inputs, labels, ids, valid, first, errors), copied."""

    def run(iterator, epoch=0, start=0):
        out = []
        with iterator.epoch(epoch, start) as batches:
            for b in batches:
                inputs = {n: a.copy() for n, a in b.inputs.items()}
                labels = {n: a.copy() for n, a in b.labels.items()}
                out.append((inputs, labels, b.ids.copy(), b.valid, b.first, dict(b.errors)))
        return out

    return run


@pytest.fixture
def same():
    """(drained, drained): bit for bit the same."""

    def check(a, b):
        assert len(a) == len(b)
        for left, right in zip(a, b, strict=True):
            assert left[3:] == right[3:]
            np.testing.assert_array_equal(left[2], right[2])
            for arrays, others in zip(left[:2], right[:2], strict=True):
                assert arrays.keys() == others.keys()
                for name in arrays:
                    assert arrays[name].dtype == others[name].dtype
                    np.testing.assert_array_equal(arrays[name], others[name])

    return check


@pytest.fixture
def npz(tmp_path, rng, open_source):
    """(samples) -> open source of random 6 x 5 gray images, labelled with their number; the same each time."""

    def make(count):
        path = tmp_path / f"{count}.npz"
        if not path.exists():
            images = rng.integers(0, 256, (count, 6, 5, 1), dtype=np.uint8)
            np.savez(path, data=images, softmax_label=np.arange(count, dtype=np.float32))
        return open_source("arrays", path=str(path))

    return make


@pytest.fixture
def folder(tmp_path, rng):
    """A folder of 3 classes with 5 noisy JPEG and PNG images each, of different sizes."""
    root = tmp_path / "pictures"
    for number, name in enumerate(("ant", "bee", "cat")):
        (root / name).mkdir(parents=True)
        for index in range(5):
            size = (20 + 3 * index, 24 + 2 * number, 3)
            pixels = rng.integers(0, 256, size, dtype=np.uint8)
            ending, kind = ((".jpg", "JPEG"), (".png", "PNG"))[index % 2]
            (root / name / f"{index}{ending}").write_bytes(encode(pixels, kind))
    return root


@pytest.fixture
def no_new_threads():
    """Fails if the test leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
