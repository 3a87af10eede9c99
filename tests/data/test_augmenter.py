"""What every augmenter obeys, and the conversion to floats."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import words
from mxtrain.data.augment import REGISTRY
from mxtrain.data.augmenter import Finish, ImageSpec

CASES = {
    "affine": [
        {"degrees": 20, "translate": 0.1, "scale": [0.8, 1.2], "shear": 0.1},
        {"translate": [0, 0.5], "fill": 9, "method": "nearest"},
    ],
    "aspect": [{"ratio": 0.3}, {"ratio": [0.5, 2], "method": "bicubic"}],
    "brightness": [{"amount": 0.4}, {"amount": 2}],
    "center_crop": [{"size": 8}, {"size": [9, 4]}],
    "color": [{}],
    "color_jitter": [{}, {"brightness": 0.4, "contrast": 0.4}],
    "contrast": [{"amount": 0.4}, {"amount": 2}],
    "cutout": [{"size": 4}, {"size": [3, 30], "holes": 8, "fill": 7}],
    "flip": [{}, {"direction": "vertical"}, {"probability": 1.0}],
    "gray": [{}],
    "hue": [{"amount": 0.5}],
    "image_record_iter": [
        {"data_shape": [3, 8, 9], "resize": 11, "rand_crop": True, "rand_mirror": True, "mean_r": 120, "std_b": 60},
        {
            "data_shape": [3, 9, 8],
            "random_resized_crop": True,
            "min_random_area": 0.2,
            "max_aspect_ratio": 0.3,
            "brightness": 0.4,
            "contrast": 2,
            "saturation": 0.4,
            "pca_noise": 0.5,
            "inter_method": 10,
        },
        {
            "data_shape": [1, 8, 8],
            "max_rotate_angle": 30,
            "max_shear_ratio": 0.2,
            "max_random_scale": 1.4,
            "min_random_scale": 0.6,
            "max_aspect_ratio": 0.2,
            "pad": 1,
            "fill_value": 9,
            "inter_method": 9,
        },
        {
            "data_shape": [3, 30, 31],
            "min_crop_size": 4,
            "max_crop_size": 20,
            "rand_crop": True,
            "random_h": 180,
            "random_s": 255,
            "random_l": 255,
            "max_random_contrast": 2,
            "max_random_illumination": 50,
        },
    ],
    "image_record_iter_eval": [
        {"data_shape": [3, 8, 9], "resize": 11},
        {"data_shape": [1, 30, 8], "rotate_list": [90, 180], "max_random_scale": 0.5, "min_random_scale": 0.5},
    ],
    "normalize": [{"std": 255}],
    "pad": [
        {"border": 2},
        {"border": [0, 3], "mode": "edge"},
        {"border": 1, "mode": "reflect"},
        {"border": 1, "fill": 9},
    ],
    "pca_lighting": [{}, {"std": 3}],
    "rand_augment": [{}, {"n": 8, "m": 30, "method": "nearest"}, {"m": 0}],
    "random_crop": [{"size": 8}, {"size": [12, 10], "pad": 2, "fill": 7}],
    "random_erasing": [{}, {"probability": 1, "value": "random"}, {"probability": 1, "area": [0.5, 0.9], "value": 3}],
    "random_gray": [{"probability": 0.5}],
    "random_resized_crop": [{"size": 8}, {"size": [5, 7], "area": [0.5, 0.6], "ratio": [1, 1]}],
    "resize": [{"size": 9}, {"shorter_edge": 5}, {"size": [4, 30], "method": "nearest"}],
    "rotate": [{"degrees": 30}, {"degrees": [90, 90], "fill": 7}],
    "saturation": [{"amount": 0.4}, {"amount": 2}],
    "shear": [{"horizontal": 0.3}, {"horizontal": [0.1, 0.2], "vertical": 0.5, "method": "bicubic"}],
    "trivial_augment": [{}, {"method": "nearest", "fill": 128}],
}
ONLY_COLOR = ("hue", "pca_lighting", "random_gray", "saturation")
"""Those that refuse gray images."""
CUTS = ("center_crop", "pad", "random_crop")
"""Those that refuse images that are too small."""
EACH = [pytest.param(name, params, id=f"{name}-{i}") for name, cases in CASES.items() for i, params in enumerate(cases)]
EACH_KIND = [
    pytest.param(*case.values, channels, id=f"{case.id}-{channels}")
    for case in EACH
    for channels in (1, 3)
    if channels == 3 or case.values[0] not in ONLY_COLOR
]


def test_every_augmenter_has_cases():
    assert tuple(CASES) == REGISTRY.names()


def drawn(augmenter, params, count, epoch=0):
    return (
        augmenter.draw(params, words((1, 2), epoch, 0, count, augmenter.words))
        if augmenter.random
        else np.empty((count, 0))
    )


@pytest.mark.parametrize(("name", "given", "channels"), EACH_KIND)
def test_infer_says_what_apply_gives(name, given, channels, rng):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    images = rng.integers(0, 256, (16, 12, 10, channels), dtype=np.uint8)
    for image, values in zip(images, drawn(augmenter, params, 16), strict=True):
        out = augmenter.apply(params, image, values)
        assert out.dtype == np.uint8
        assert out.shape == tuple(augmenter.infer(params, ImageSpec(12, 10, channels)))


@pytest.mark.parametrize(("name", "given"), EACH)
def test_infer_of_unknown_sizes_promises_nothing_false(name, given):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    known = augmenter.infer(params, ImageSpec(12, 10, 3))
    unknown = augmenter.infer(params, ImageSpec(None, None, 3))
    assert all(u in (None, k) for u, k in zip(unknown, known, strict=True))


@pytest.mark.parametrize(("name", "given", "channels"), EACH_KIND)
def test_batch_and_single_agree(name, given, channels, rng):
    augmenter = REGISTRY.get(name)
    if augmenter.apply_batch is None:
        return
    params = augmenter.params(**given)
    images = rng.integers(0, 256, (32, 12, 10, channels), dtype=np.uint8)
    values = drawn(augmenter, params, 32)
    single = [augmenter.apply(params, i, v) for i, v in zip(images, values, strict=True)]
    np.testing.assert_array_equal(augmenter.apply_batch(params, images, values), np.stack(single))


@pytest.mark.parametrize(("name", "given", "channels"), EACH_KIND)
def test_memory_order_does_not_matter(name, given, channels, rng):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    images = rng.integers(0, 256, (8, 12, 10, channels), dtype=np.uint8)
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    values = drawn(augmenter, params, 8)
    np.testing.assert_array_equal(
        augmenter.apply(params, planes[0], values[0]), augmenter.apply(params, images[0], values[0])
    )
    if augmenter.apply_batch:
        batch = augmenter.apply_batch(params, planes, values)
        np.testing.assert_array_equal(batch, augmenter.apply_batch(params, images, values))


@pytest.mark.parametrize(("name", "given", "channels"), EACH_KIND)
@pytest.mark.parametrize("shape", [(12, 10), (40, 31)])
def test_nothing_below_the_bottom_is_read(name, given, channels, shape, rng):
    augmenter = REGISTRY.get(name)
    if augmenter.bottom is None:
        return
    params = augmenter.params(**given)
    fewer = 0
    for values in drawn(augmenter, params, 32):
        image = rng.integers(0, 256, (*shape, channels), dtype=np.uint8)
        bottom = augmenter.bottom(params, *shape, values)
        assert 1 <= bottom <= shape[0]
        wanted = augmenter.apply(params, image, values).copy()
        image[bottom:] = rng.integers(0, 256, image[bottom:].shape, dtype=np.uint8)
        np.testing.assert_array_equal(augmenter.apply(params, image, values), wanted)
        fewer += bottom < shape[0]
    assert fewer or shape == (12, 10) or given.get("pad") or name == "image_record_iter", "nothing is saved"


def test_windows_that_end_above_the_bottom():
    names = [n for n in REGISTRY.names() if REGISTRY.get(n).bottom]
    assert names == ["center_crop", "image_record_iter", "random_crop", "random_resized_crop"]
    augmenter = REGISTRY.get("image_record_iter")
    first, second, *others = [augmenter.params(**given) for given in CASES["image_record_iter"]]
    for params in (first, *others):
        assert {augmenter.bottom(params, 40, 31, v) for v in drawn(augmenter, params, 32)} == {40}
    assert len({augmenter.bottom(second, 40, 31, v) for v in drawn(augmenter, second, 32)}) > 10


@pytest.mark.parametrize(("name", "given"), EACH)
def test_draws_of_a_part_are_those_of_the_whole(name, given):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    if not augmenter.random:
        return
    drawn_words = words((1, 2), 0, 0, 50, augmenter.words)
    whole = augmenter.draw(params, drawn_words)
    assert whole.dtype == np.float32
    for start, stop in ((0, 1), (17, 20), (7, 50)):
        np.testing.assert_array_equal(augmenter.draw(params, drawn_words[start:stop]), whole[start:stop])


@pytest.mark.parametrize("word", [0, 0xFFFFFFFF])
@pytest.mark.parametrize(("name", "given", "channels"), EACH_KIND)
def test_the_ends_of_every_range(name, given, channels, word, rng):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    values = augmenter.draw(params, np.full((1, augmenter.words), word, np.uint32))
    image = rng.integers(0, 256, (12, 10, channels), dtype=np.uint8)
    out = augmenter.apply(params, image, values[0] if augmenter.random else np.empty(0, np.float32))
    assert out.shape == tuple(augmenter.infer(params, ImageSpec(12, 10, channels)))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (300, 2)])
@pytest.mark.parametrize(("name", "given", "channels"), [c for c in EACH_KIND if c.values[0] not in CUTS])
def test_odd_sizes(name, given, channels, size, rng):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    image = rng.integers(0, 256, (*size, channels), dtype=np.uint8)
    for values in drawn(augmenter, params, 4):
        assert augmenter.apply(params, image, values).shape == tuple(
            augmenter.infer(params, ImageSpec(*size, channels))
        )


@pytest.mark.parametrize("name", ONLY_COLOR)
def test_gray_images_are_refused_where_they_have_no_colors(name):
    augmenter = REGISTRY.get(name)
    with pytest.raises(ConfigError, match=f"{name}: works on images with 3 channels, these have 1; remove it"):
        augmenter.infer(augmenter.params(**CASES[name][0]), ImageSpec(4, 4, 1))


@pytest.mark.parametrize(("name", "given"), EACH)
def test_the_number_of_threads_changes_no_bit(name, given, rng, tmp_path, steps, open_source, iterate, drain, same):
    images = rng.integers(0, 256, (21, 12, 10, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", data=images, softmax_label=np.zeros(21))
    source = open_source("arrays", path=str(tmp_path / "a.npz"))
    options = {"batch_size": 9, "seed": 3}
    alone = drain(iterate(source, steps((name, given)), threads=0, **options), 2)
    same(drain(iterate(source, steps((name, given)), threads=3, **options), 2), alone)


@pytest.mark.parametrize(("name", "given"), EACH)
def test_parameters_survive_json(name, given):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    assert augmenter.params(**json.loads(json.dumps(dataclasses.asdict(params)))) == params


@pytest.mark.parametrize(("name", "given"), EACH)
def test_inputs_are_not_written(name, given, rng):
    augmenter = REGISTRY.get(name)
    params = augmenter.params(**given)
    image = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
    image.flags.writeable = False
    augmenter.apply(params, image, drawn(augmenter, params, 1)[0])


@pytest.mark.parametrize(("name", "given"), EACH)
def test_what_replaces_it_in_evaluation_gives_the_same_size(name, given):
    augmenter = REGISTRY.get(name)
    if augmenter.at_eval is None:
        return
    params = augmenter.params(**given)
    spec = ImageSpec(12, 10, 3)
    for replacement, parameters in augmenter.at_eval(params):
        twin = REGISTRY.get(replacement)
        assert not twin.random
        spec = twin.infer(twin.params(**parameters), spec)
    assert spec == augmenter.infer(params, ImageSpec(12, 10, 3))


def test_finish_is_an_affine_map_per_channel(rng):
    samples = rng.integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    finish = Finish((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), 2.0)
    out = np.empty(samples.shape, np.float32)
    finish.apply(samples, out)
    np.testing.assert_allclose(out, (samples - np.array([1, 2, 3.0])) / [4, 5, 6] * 2, rtol=1e-6, atol=1e-5)


def test_finish_writes_into_strided_outputs(rng):
    samples = rng.integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    planes = np.empty((2, 3, 3, 4), np.float32)
    Finish(std=(255.0,)).apply(samples, planes.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(planes, samples.transpose(0, 3, 1, 2) / 255, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 300, 250, 3), (40, 50, 60, 1), (5, 4, 3, 2), (0, 4, 4, 3)])
@pytest.mark.parametrize("finish", [Finish((7.0,), (3.0,)), Finish(scale=0.1)])
def test_finish_in_pieces_is_the_same(shape, finish, rng):
    samples = rng.integers(0, 256, shape, dtype=np.uint8)
    planes = np.empty((shape[0], shape[3], *shape[1:3]), np.float32)
    finish.apply(samples, planes.transpose(0, 2, 3, 1))
    multiplier, offset = finish.affine()
    np.testing.assert_array_equal(planes.transpose(0, 2, 3, 1), samples * multiplier + offset)


def test_one_mean_and_a_std_per_channel():
    multiplier, offset = Finish((10.0,), (1.0, 2.0, 4.0)).affine()
    assert multiplier.tolist() == [1, 0.5, 0.25]
    assert offset.tolist() == [-10, -5, -2.5]


def test_identity():
    assert Finish().identity
    assert not Finish(std=(255.0,)).identity
    assert not Finish((1.0,)).identity
