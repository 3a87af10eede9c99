"""What MXNet 1.9.1's ImageRecordIter (CPU wheel) makes of one 20 x 23 image, written down as bytes."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from mxtrain.data.augment.image_record_iter_eval import AUGMENTER, Params

SMALL = {"data_shape": [3, 2, 3]}
EXACT = [
    ({"resize": 9}, "85a7a28fa828af23686a3e768888bf60bf87"),
    ({"resize": 9, "inter_method": 0}, "08387d5680c98ab0fc86a8e6e9fe3d2b3777"),
    ({"resize": 9, "inter_method": 2}, "8db4b895ae0ab9006e5a18749798e155d78a"),
    ({"resize": 9, "inter_method": 3}, "85a67c88a24f81616f75517786869a799d87"),
    ({"resize": 9, "inter_method": 4}, "94b7bc94aa05af00705c0a78a6a9e65ddb95"),
    ({"resize": 33, "inter_method": 2}, "5c62a67577c39588d6c4b6b0cbc46281e86b"),
    ({"rotate": 30, "pad": 1}, "424b888d8cc67fa7a77e7fabc2c43830cd3d"),
    ({"rotate": 30, "inter_method": 2}, "1a22949085d679b5bc9190b9dadb2517de24"),
    ({"rotate_list": "0,0"}, "60659e8484bda9a3dcbcb5e9e4d6090cf82a"),
    (
        {"max_random_scale": 0.2, "min_random_scale": 0.2, "inter_method": 4, "fill_value": 9},
        "4b87c3bbf3392c5fb02c68a4f40e46bcb5e9",
    ),
    ({"max_aspect_ratio": 1.5, "min_aspect_ratio": 1.5}, "60669e8e8da295afc4ada9dddfd22511dc2e"),
    ({"max_img_size": 2}, "7275ae8484bd9794cda19e9494ae8488be74"),
    ({"max_crop_size": 17, "min_crop_size": 17}, "b7b0383268bdacdf40a1255244cd2b67b4c3"),
    (
        {"data_shape": [3, 24, 2], "pad": 1, "fill_value": 100},
        "64646464646439991a3da12651b51f57c02e78d13682df47a45352b16364cb1a745b2b878c459a1f58af4776c55d8bdc87acaaa0c2c297b1"
        "2ab3c943172565364180666ba28887b5bbb4d6e0d21035234f5c44517457809e7aa1cab0c650d541996e85719551a4718a579aafa16477578"
        "f9e92465572737dbe6e76529ca0623033a2605e16939250bfb9646464646464",
    ),
]


@pytest.fixture
def image():
    y, x, c = np.mgrid[:20, :23, :3]
    return ((3 * y * y + 5 * x * (c + 1) + 7 * x * y // (c + 2) + 60 * c) % 256).astype(np.uint8)


def run(image, **given):
    return AUGMENTER.apply(Params(**{**SMALL, **given}), image, np.empty(0, np.float32))


@pytest.mark.parametrize(("given", "expected"), EXACT)
def test_the_same_bytes_as_mxnet(given, expected, image):
    out = run(image, **given)
    np.testing.assert_array_equal(out.reshape(-1), np.frombuffer(bytes.fromhex(expected), np.uint8))


def test_the_checksum_of_a_large_image_is_that_of_mxnet():
    y, x, c = np.mgrid[:375, :500, :3]
    image = ((3 * y * y + 5 * x * (c + 1) + 7 * x * y // (c + 2) + 60 * c) % 256).astype(np.uint8)
    out = run(image, data_shape=[3, 224, 224], resize=256)
    assert zlib.crc32(np.ascontiguousarray(out).tobytes()) == 3837639571


def test_area_is_within_one_of_mxnet(image):
    expected = np.frombuffer(bytes.fromhex("73835c585e9aa09cb1a49f947583546e6678"), np.uint8)
    out = run(image, resize=10, inter_method=9)
    np.testing.assert_allclose(out.reshape(-1).astype(int), expected, rtol=0, atol=1)


def test_the_floats_of_mxnet(image):
    given = {"resize": 9, "mirror": True, "mean_r": 123, "mean_g": 117, "mean_b": 104}
    params = Params(**SMALL, **given, std_r=58, std_g=57, std_b=56, scale=0.5)
    out = np.empty((1, 2, 3, 3), np.float32)
    AUGMENTER.finish(params).apply(AUGMENTER.apply(params, image, np.empty(0, np.float32))[None], out)
    first = [[0.4482759, -0.7192982, 0.0], [0.1724138, 0.4473684, -0.5714286], [0.0862069, 0.4385965, 0.5178571]]
    second = [[-0.2327586, 0.6491228, 0.2767857], [0.1120690, 0.1666667, 0.7767857], [-0.1465517, -0.4824561, 0.125]]
    np.testing.assert_allclose(out[0], [first, second], rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(2, 3), (11, 40), (50, 5)])
def test_images_that_are_too_small_are_scaled_up(size, rng):
    image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
    assert run(image, data_shape=[3, 30, 31]).shape == (30, 31, 3)


def test_the_random_parts_are_off(image):
    chance = {
        "rand_crop": True, "rand_mirror": True, "max_rotate_angle": 30, "max_shear_ratio": 0.2, "max_aspect_ratio": 0.3,
        "max_random_scale": 2, "min_random_scale": 0.5, "brightness": 1, "contrast": 1, "saturation": 1, "random_h": 9,
        "random_s": 9, "random_l": 9, "pca_noise": 1, "max_random_contrast": 1, "max_random_illumination": 9,
    }  # fmt: skip
    np.testing.assert_array_equal(run(image, **chance), image[9:11, 10:13])


def test_a_range_without_what_changes_nothing_gives_its_nearest_end(image):
    halved = run(image, max_random_scale=0.5, min_random_scale=0.25)
    np.testing.assert_array_equal(halved, run(image, max_random_scale=0.5, min_random_scale=0.5))
    np.testing.assert_array_equal(run(image, rotate_list=[90, 180]), run(image, rotate_list=[90]))
    largest = run(image, min_crop_size=5, max_crop_size=17)
    np.testing.assert_array_equal(largest, run(image, min_crop_size=17, max_crop_size=17))


def test_channels_follow_data_shape(image):
    gray = run(image, data_shape=[1, 20, 23])
    assert gray.shape == (20, 23, 1)
    np.testing.assert_array_equal(run(gray, data_shape=[3, 20, 23]), np.repeat(gray, 3, axis=2))
