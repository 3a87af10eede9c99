"""What every augmenter obeys, and the conversion to floats."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.random import words
from mxtrain.data.augment import REGISTRY
from mxtrain.data.augmenter import Finish, ImageSpec

CASES = {
    "center_crop": [{"size": 8}, {"size": [9, 4]}],
    "color": [{}],
    "flip": [{}, {"direction": "vertical"}, {"probability": 1.0}],
    "gray": [{}],
    "normalize": [{"std": 255}],
    "pad": [
        {"border": 2},
        {"border": [0, 3], "mode": "edge"},
        {"border": 1, "mode": "reflect"},
        {"border": 1, "fill": 9},
    ],
    "random_crop": [{"size": 8}, {"size": [12, 10], "pad": 2, "fill": 7}],
    "random_resized_crop": [{"size": 8}, {"size": [5, 7], "area": [0.5, 0.6], "ratio": [1, 1]}],
    "resize": [{"size": 9}, {"shorter_edge": 5}, {"size": [4, 30], "method": "nearest"}],
}
EACH = [pytest.param(name, params, id=f"{name}-{i}") for name, cases in CASES.items() for i, params in enumerate(cases)]


def test_every_augmenter_has_cases():
    assert tuple(CASES) == REGISTRY.names()


def drawn(augmenter, params, count, epoch=0):
    return (
        augmenter.draw(params, words((1, 2), epoch, 0, count, augmenter.words))
        if augmenter.random
        else np.empty((count, 0))
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "given"), EACH)
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


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "given"), EACH)
def test_batch_and_single_agree(name, given, channels, rng):
    augmenter = REGISTRY.get(name)
    if augmenter.apply_batch is None:
        return
    params = augmenter.params(**given)
    images = rng.integers(0, 256, (32, 12, 10, channels), dtype=np.uint8)
    values = drawn(augmenter, params, 32)
    single = [augmenter.apply(params, i, v) for i, v in zip(images, values, strict=True)]
    np.testing.assert_array_equal(augmenter.apply_batch(params, images, values), np.stack(single))


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


def test_one_mean_and_a_std_per_channel():
    multiplier, offset = Finish((10.0,), (1.0, 2.0, 4.0)).affine()
    assert multiplier.tolist() == [1, 0.5, 0.25]
    assert offset.tolist() == [-10, -5, -2.5]


def test_identity():
    assert Finish().identity
    assert not Finish(std=(255.0,)).identity
    assert not Finish((1.0,)).identity
