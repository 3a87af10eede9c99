"""Decoding by an nvJPEG that is a fake and makes its pixels up; those of the real one are looked at in the end."""

from __future__ import annotations

import tarfile
import threading

import numpy as np
import pytest
from PIL import Image

from mxtrain.backends.cuda.libraries import NVJPEG
from mxtrain.backends.cuda.library import choose
from mxtrain.base.errors import BackendUnavailable, DataError
from mxtrain.data import decoders, image
from mxtrain.data.decoders import nvjpeg
from tests.backends.cuda.fakes import gpus_with_nvjpeg, needs_compiler
from tests.backends.cuda.test_nvjpeg import made_up


@pytest.fixture
def fake():
    with gpus_with_nvjpeg() as found:
        yield found


@pytest.fixture
def photo(rng, encode):
    """(height, width, options of the encoder) -> bytes of a JPEG."""
    return lambda height=24, width=40, **options: encode(
        rng.integers(0, 256, (height, width, 3), dtype=np.uint8), "JPEG", **options
    )


def on_host(data, channels=3, **options):
    return image.decode(data, channels, decoder="pillow", **options)


def test_it_is_never_chosen_by_itself():
    assert "nvjpeg" not in decoders.PREFERRED and decoders.best() != "nvjpeg"


@needs_compiler
def test_its_pixels(fake, photo):
    np.testing.assert_array_equal(image.decode(photo(), decoder="nvjpeg"), made_up(24, 40))
    assert fake.gpus == [0]


@needs_compiler
def test_the_gpu_that_is_named(fake, photo):
    found = decoders.load("nvjpeg", 3)
    np.testing.assert_array_equal(image.decode(photo(), decoder=found), made_up(24, 40))
    assert fake.gpus == [3]


@needs_compiler
@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation(fake, photo, turn):
    tags = Image.Exif()
    tags[0x0112] = turn
    found = image.decode(photo(exif=tags), decoder="nvjpeg")
    np.testing.assert_array_equal(found, image._turned(made_up(24, 40), turn))


@needs_compiler
def test_rows_that_are_needed(fake, photo):
    found = image.decode(photo(), needs=image.Needs(None, lambda h, w: 7), decoder="nvjpeg")
    assert found.shape == (24, 40, 3)
    np.testing.assert_array_equal(found[:7], made_up(24, 40)[:7])


@needs_compiler
@pytest.mark.parametrize("case", ["smaller", "gray", "progressive", "png", "cmyk"])
def test_what_is_left_to_the_host(fake, photo, encode, rng, tmp_path, case):
    options, channels = {}, 1 if case == "gray" else 3
    data = photo(progressive=case == "progressive")
    if case == "smaller":
        options = {"needs": image.Needs(lambda h, w: 2)}
    if case == "png":
        data = encode(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    if case == "cmyk":
        Image.new("CMYK", (20, 10), 77).save(tmp_path / "a.jpg")
        data = (tmp_path / "a.jpg").read_bytes()
    found = image.decode(data, channels, decoder="nvjpeg", **options)
    np.testing.assert_array_equal(found, on_host(data, channels, **options))
    assert "batch" not in " ".join(fake.log)


@needs_compiler
def test_what_is_wrong_is_said_by_the_host(fake, photo):
    data = photo()
    np.testing.assert_array_equal(image.decode(data[:-2], decoder="nvjpeg"), on_host(data[:-2]))
    for broken in (data[: len(data) // 2], data[:30]):
        with pytest.raises(DataError) as wanted:
            on_host(broken, name="x")
        with pytest.raises(DataError) as found:
            image.decode(broken, name="x", decoder="nvjpeg")
        assert str(found.value) == str(wanted.value)


@needs_compiler
def test_a_fault_of_the_gpu_is_no_fault_of_the_file(fake, photo):
    fake.fail("nvjpegDecodeBatched", 5)
    with pytest.raises(BackendUnavailable, match="allocation failed"):
        image.decode(photo(), decoder="nvjpeg")


@needs_compiler
def test_handles_go_from_thread_to_thread(fake, photo):
    files = [photo(24 + k, 40) for k in range(4)]
    both, wrong = threading.Barrier(2), []

    def work(mine, together):
        for data in mine:
            if together:
                both.wait()
            found = image.decode(data, decoder="nvjpeg")
            if not np.array_equal(found, made_up(*found.shape[:2])):
                wrong.append(found.shape)

    for together in (True, False, False):
        threads = [threading.Thread(target=work, args=(files, together)) for _ in range(1 + together)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong and 1 <= fake.log.count("backend 3") <= 2 and fake.gpus == [0]
    assert len(nvjpeg._place(0).idle) == fake.log.count("backend 3")


@needs_compiler
def test_memory_is_lent(fake, photo):
    with decoders.lending():
        first = image.decode(photo(), decoder="nvjpeg")
        assert np.shares_memory(first, image.decode(photo(), decoder="nvjpeg"))
    kept = image.decode(photo(), decoder="nvjpeg")
    image.decode(photo(9, 9), decoder="nvjpeg")
    np.testing.assert_array_equal(kept, made_up(24, 40))


def test_without_it_another_decodes_and_all_that_lacks_is_said(photo, tmp_path):
    choose(NVJPEG, str(tmp_path / "none.so"))
    try:
        data = photo()
        np.testing.assert_array_equal(image.decode(data, decoder="nvjpeg"), image.decode(data))
        said = decoders.replacement("nvjpeg")
        assert f"cannot be used here: {decoders.best()} does it" in said and "by more than the last bit" in said
        assert "libnvjpeg.so.13 was not found" in said
        with pytest.raises(BackendUnavailable) as caught:
            decoders.needed("nvjpeg")
        lines = str(caught.value).splitlines()
        assert lines[0] == "data.decoder: nvjpeg cannot be used on this machine:" and "data.decoder=auto" in lines[-1]
        assert len(lines) == 2 + len(nvjpeg.lacks()) and any("mxtrain[nvjpeg]" in line for line in lines)
    finally:
        choose(NVJPEG, "")


# Mean difference in brightness, and the largest of a channel: another inverse transform rounds otherwise. The second
# holds where colours have the size of the image: halved ones are interpolated by libjpeg-turbo and repeated by nvJPEG,
# so on an edge they differ by far more.
MEAN, LARGEST = 2.0, 3


def difference(data):
    found, wanted = (image.decode(data, decoder=name).astype(int) for name in ("nvjpeg", decoders.best()))
    assert found.shape == wanted.shape
    return found - wanted


@pytest.mark.gpu
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(64, 48), (37, 51), (500, 375)])
def test_near_the_host_on_a_gpu(rng, encode, subsampling, size):
    if nvjpeg.lacks():
        pytest.skip("; ".join(nvjpeg.lacks()))
    small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    pixels = np.asarray(small.resize(size[::-1], Image.Resampling.BICUBIC))
    off = difference(encode(pixels, "JPEG", quality=95, subsampling=subsampling))
    assert np.abs(off @ [0.299, 0.587, 0.114]).mean() <= MEAN
    assert subsampling != "4:4:4" or np.abs(off).max() <= LARGEST


@pytest.mark.gpu
@pytest.mark.data
def test_near_the_host_on_a_gpu_for_photographs(data_pack):
    if nvjpeg.lacks():
        pytest.skip("; ".join(nvjpeg.lacks()))
    with tarfile.open(data_pack / "images/imagenet-sample-300.tar") as tar:
        for member in [m for m in tar if m.isfile()][::10]:
            assert np.abs(difference(tar.extractfile(member).read()) @ [0.299, 0.587, 0.114]).mean() <= MEAN


@pytest.mark.gpu
def test_threads_on_a_gpu(rng, encode):
    if nvjpeg.lacks():
        pytest.skip("; ".join(nvjpeg.lacks()))
    files = [encode(rng.integers(0, 256, (64 + k, 48, 3), dtype=np.uint8), "JPEG") for k in range(16)]
    alone = [image.decode(data, decoder="nvjpeg") for data in files]
    found = [[] for _ in range(8)]

    def work(mine):
        for _ in range(5):
            mine.append([image.decode(data, decoder="nvjpeg") for data in files])

    threads = [threading.Thread(target=work, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in found:
        assert len(mine) == 5
        for images in mine:
            for one, other in zip(images, alone, strict=True):
                np.testing.assert_array_equal(one, other)
