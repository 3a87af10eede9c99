from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda import nvjpeg
from mxtrain.backends.cuda.libraries import NVJPEG
from mxtrain.backends.cuda.library import choose
from mxtrain.base.errors import BackendUnavailable, DataError
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import in_place_of, needs_compiler


def image(width, height, *colours, flag=0):
    return b"FJ" + bytes([width, height, len(colours), flag, *colours])


def on_host(data):
    """The decoder on the host: it knows what the other does not, but nothing that is damaged."""
    if data[5] == 2:
        raise DataError("damaged")
    return np.full((data[3], data[2], 3), data[6], np.uint8)


@pytest.fixture
def fake():
    with in_place_of(NVJPEG, "fake_nvjpeg") as found:
        yield found


@needs_compiler
def test_a_batch_of_images_of_all_sizes(fake):
    device = fake_device()
    d = nvjpeg.decoder(device, on_host)
    files = [image(5, 3, 10, 20, 30), image(2, 7, 99), image(8, 8, 1, 2, 3)]
    got = d.decode(files, 8)
    pixels = [device.fetch(a) for a in got.images]
    assert [p.shape for p in pixels] == [(3, 5, 3), (7, 2, 3), (8, 8, 3)] and got.by_host == ()
    assert (pixels[0] == [10, 20, 30]).all() and (pixels[1] == 99).all() and (pixels[2] == [1, 2, 3]).all()
    assert fake.log == ["backend 3", "batch of 3 on stream 8"]
    assert d.name == "nvjpeg 13.3.2 hardware"


@needs_compiler
def test_what_it_cannot_decode_goes_to_the_host(fake):
    device = fake_device()
    files = [image(5, 3, 10, 20, 30), image(4, 4, 7, 7, 7, flag=1), image(2, 2, 1, 2, 3, 4), b"PNG..." + bytes([5])]
    files[3] = b"XX" + bytes([3, 2, 3, 0, 8])
    got = nvjpeg.decoder(device, on_host).decode(files, 8)
    pixels = [device.fetch(a) for a in got.images]
    assert got.by_host == (1, 2, 3) and fake.log[-1] == "batch of 1 on stream 8"
    assert [int(p[0, 0, 0]) for p in pixels] == [10, 7, 1, 8] and pixels[3].shape == (2, 3, 3)


@needs_compiler
def test_a_batch_that_fails_is_decoded_by_the_host_which_names_the_damage(fake):
    device = fake_device()
    good, bad = image(5, 3, 10, 20, 30), image(5, 3, 1, 1, 1, flag=2)
    with pytest.raises(DataError, match="damaged"):
        nvjpeg.decoder(device, on_host).decode([good, bad], 8)
    got = nvjpeg.decoder(device, lambda data: np.full((3, 5, 3), 4, np.uint8)).decode([good, bad], 8)
    assert got.by_host == (0, 1) and (device.fetch(got.images[1]) == 4).all()


@needs_compiler
def test_the_best_backend_that_there_is(fake):
    fake.fail("nvjpegCreateEx", 3)
    assert nvjpeg.decoder(fake_device(), on_host).backend == "gpu"
    fake.fail("nvjpegCreateEx", 1)
    assert nvjpeg.decoder(fake_device(), on_host).backend == "hybrid"
    fake.fail("nvjpegCreateEx", 0)
    with pytest.raises(BackendUnavailable, match=r"cannot use gpu:0: nvjpegCreateEx: architecture mismatch \(7\)"):
        nvjpeg.decoder(fake_device(), on_host)


@needs_compiler
def test_memory_is_taken_once_and_freed(fake):
    device = fake_device()
    d = nvjpeg.decoder(device, on_host)
    d.decode([image(50, 50, 1, 2, 3)] * 4, 8)
    used = device.runtime.free_memory()
    d.decode([image(50, 50, 1, 2, 3)] * 4, 8)
    assert device.runtime.free_memory() == used
    del d
    assert fake.living == 0


def test_without_the_library_the_error_says_what_brings_it(tmp_path):
    choose(NVJPEG, str(tmp_path / "none.so"))
    try:
        with pytest.raises(BackendUnavailable, match=r"pip install 'mxtrain\[nvjpeg\]'"):
            nvjpeg.decoder(fake_device(), on_host)
    finally:
        choose(NVJPEG, "")
