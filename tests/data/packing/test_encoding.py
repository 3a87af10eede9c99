from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError
from mxtrain.data.packing.encoding import encode, scratch


def expected(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("shape", [(40, 50, 3), (7, 3), (1, 1, 3)])
def test_same_bytes_with_and_without_a_file(shape, rng):
    picture = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
    wanted = [expected(picture, "JPEG", quality=95), expected(picture, "PNG", compress_level=6)]
    assert [encode(picture, "jpeg", 95, "x"), encode(picture, "png", 0, "x")] == wanted
    with scratch():
        assert [encode(picture, "jpeg", 95, "x"), encode(picture, "png", 0, "x")] == wanted


def test_a_short_result_holds_nothing_of_a_longer_one_before(rng):
    large = Image.fromarray(rng.integers(0, 256, (300, 300, 3), dtype=np.uint8))
    small = Image.new("L", (8, 8))
    with scratch():
        assert len(encode(large, "jpeg", 95, "x")) > len(encode(small, "jpeg", 95, "x"))
        assert encode(small, "jpeg", 95, "x") == expected(small, "JPEG", quality=95)


def test_threads_have_their_own_files(rng):
    pictures = [Image.fromarray(rng.integers(0, 256, (30 + n, 20, 3), dtype=np.uint8)) for n in range(40)]

    def work(part):
        with scratch():
            return [encode(p, "jpeg", 90, "x") for p in part]

    with ThreadPoolExecutor(4) as pool:
        found = [b for part in pool.map(work, [pictures[n : n + 5] for n in range(0, 40, 5)]) for b in part]
    assert found == [expected(p, "JPEG", quality=90) for p in pictures]


def test_a_refusal_leaves_the_file_usable(rng):
    picture = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    with scratch():
        with pytest.raises(DataError, match="x.png: 1 x 70000 pixels cannot be stored as jpeg"):
            encode(Image.new("L", (70_000, 1)), "jpeg", 95, "x.png")
        assert encode(picture, "jpeg", 95, "x") == expected(picture, "JPEG", quality=95)
