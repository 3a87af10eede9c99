from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mxtrain.backends.cuda import nvjpeg
from mxtrain.backends.cuda.libraries import NVJPEG
from mxtrain.backends.cuda.library import choose
from mxtrain.base.errors import BackendUnavailable
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import in_place_of, needs_compiler


def file(height, width, mode="RGB", **options):
    stream = io.BytesIO()
    Image.new(mode, (width, height)).save(stream, "JPEG", **options)
    return stream.getvalue()


def made_up(height, width):
    """The pixels that the fake library gives."""
    y, x, channel = np.ogrid[:height, :width, :3]
    return (3 * x + 5 * y + 70 * channel).astype(np.uint8)


@pytest.fixture
def fake():
    with in_place_of(NVJPEG, "fake_nvjpeg") as found:
        yield found


@needs_compiler
def test_images_of_all_sizes_on_a_stream_of_their_own(fake):
    device = fake_device()
    d = nvjpeg.decoder(device)
    for size in ((3, 5), (7, 2), (70, 90), (8, 8)):
        np.testing.assert_array_equal(d.decode(file(*size), size, size[0]), made_up(*size))
    assert fake.log == ["backend 3", *["batch of 1 on stream 8"] * 4]
    uses = [entry for entry in device.runtime.log if entry[0] == "use"]
    assert uses == [("use", None), *[("use", 8), ("use", None)] * 4]


@needs_compiler
def test_a_thread_goes_on_with_the_stream_of_plans(fake):
    device = fake_device()
    d = nvjpeg.decoder(device)
    assert device.runtime.log == [("use", None)]
    for data in (b"no JPEG", file(4, 4), file(4, 4)[:-2]):
        d.decode(data, (4, 4), 4)
        assert device.runtime.log[-1] == ("use", None) and ("use", 8) in device.runtime.log
    fake.fail("nvjpegDecodeBatched", 5)
    with pytest.raises(BackendUnavailable):
        d.decode(file(4, 4), (4, 4), 4)
    assert device.runtime.log[-1] == ("use", None)


@needs_compiler
def test_the_rows_that_are_wanted(fake):
    found = nvjpeg.decoder(fake_device()).decode(file(30, 20), (30, 20), 11)
    np.testing.assert_array_equal(found, made_up(30, 20)[:11])


@needs_compiler
@pytest.mark.parametrize("data", [
    file(4, 4, progressive=True), file(4, 4, "CMYK"), file(4, 5), b"no JPEG at all", file(4, 4)[:-2]
], ids=["progressive", "CMYK", "another size", "none", "damaged"])  # fmt: skip
def test_what_it_cannot_decode_is_left_to_others(fake, data):
    d = nvjpeg.decoder(fake_device())
    assert d.decode(data, (4, 4), 4) is None
    np.testing.assert_array_equal(d.decode(file(4, 4), (4, 4), 4), made_up(4, 4))


@needs_compiler
def test_what_is_not_the_fault_of_the_file_is_an_error(fake):
    fake.fail("nvjpegDecodeBatched", 5)
    with pytest.raises(BackendUnavailable, match=r"nvjpegDecodeBatched: allocation failed \(5\)"):
        nvjpeg.decoder(fake_device()).decode(file(4, 4), (4, 4), 4)


@needs_compiler
def test_the_best_backend_that_there_is(fake):
    fake.fail("nvjpegCreateEx", 3)
    assert nvjpeg.decoder(fake_device()).backend == "gpu"
    fake.fail("nvjpegCreateEx", 1)
    assert nvjpeg.decoder(fake_device()).backend == "hybrid"
    fake.fail("nvjpegCreateEx", 0)
    with pytest.raises(BackendUnavailable, match=r"cannot use gpu:0: nvjpegCreateEx: architecture mismatch \(7\)"):
        nvjpeg.decoder(fake_device())


@needs_compiler
def test_memory_is_taken_once_and_freed(fake):
    device = fake_device()
    d = nvjpeg.decoder(device)
    d.decode(file(50, 50), (50, 50), 50)
    used = device.runtime.free_memory()
    for size in ((50, 50), (40, 60), (9, 9)):
        d.decode(file(*size), size, 3)
    assert device.runtime.free_memory() == used
    del d
    assert fake.living == 0


def test_without_the_library_the_error_says_what_brings_it(tmp_path):
    choose(NVJPEG, str(tmp_path / "none.so"))
    try:
        assert any("nvJPEG: libnvjpeg.so.13 was not found" in text for text in nvjpeg.lacks())
        with pytest.raises(BackendUnavailable, match=r"pip install 'mxtrain\[nvjpeg\]'"):
            nvjpeg.decoder(fake_device())
    finally:
        choose(NVJPEG, "")
