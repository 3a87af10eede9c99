"""What every mixer obeys, and the draws and labels that they share."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.base.random import words
from mxtrain.data import mixer
from mxtrain.data.mix import REGISTRY

CASES = {
    "cutmix": [{}, {"per": "sample", "probability": 0.5}, {"alpha": 0.2}],
    "mixup": [{}, {"per": "sample", "probability": 0.5}, {"alpha": 5, "per": "sample"}],
}
EACH = [pytest.param(name, params, id=f"{name}-{i}") for name, cases in CASES.items() for i, params in enumerate(cases)]
CLASSES = 5


def batch(rng, count, channels=3):
    images = rng.integers(0, 256, (count, 12, 10, channels), dtype=np.uint8)
    return images, rng.integers(0, CLASSES, count).astype(np.float32)


def test_every_mixer_has_cases():
    assert tuple(CASES) == REGISTRY.names()


@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "given"), EACH)
def test_types_and_sums(name, given, channels, count, rng):
    mixing = REGISTRY.get(name)
    images, labels = batch(rng, count, channels)
    for epoch in range(20):
        drawn = mixer.draw_words(mixing, name, 1, epoch, range(count))
        out = mixing.apply(mixing.params(**given), images, labels, CLASSES, drawn)
        assert out.images.dtype == np.uint8
        assert out.images.shape == images.shape
        assert out.labels.dtype == np.float32
        assert out.labels.shape == (count, CLASSES)
        assert out.labels.min() >= 0
        np.testing.assert_allclose(out.labels.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(("name", "given"), EACH)
def test_inputs_are_not_written_nor_given_back(name, given, rng):
    mixing = REGISTRY.get(name)
    images, labels = batch(rng, 6)
    soft = mixer.soft_labels(labels, CLASSES)
    images.flags.writeable = soft.flags.writeable = False
    params = mixing.params(**{**given, "probability": 0})
    out = mixing.apply(params, images, soft, CLASSES, mixer.draw_words(mixing, name, 0, 0, range(6)))
    np.testing.assert_array_equal(out.images, images)
    np.testing.assert_array_equal(out.labels, soft)
    assert not np.shares_memory(out.images, images)
    assert not np.shares_memory(out.labels, soft)


@pytest.mark.parametrize(("name", "given"), EACH)
def test_numbers_and_probabilities_give_the_same(name, given, rng):
    mixing = REGISTRY.get(name)
    images, labels = batch(rng, 8)
    drawn = mixer.draw_words(mixing, name, 0, 0, range(8))
    hard = mixing.apply(mixing.params(**given), images, labels, CLASSES, drawn)
    soft = mixing.apply(mixing.params(**given), images, mixer.soft_labels(labels, CLASSES), CLASSES, drawn)
    np.testing.assert_array_equal(hard.labels, soft.labels)
    np.testing.assert_array_equal(hard.images, soft.images)


@pytest.mark.parametrize("name", list(CASES))
def test_probability_of_batches(name, rng):
    mixing = REGISTRY.get(name)
    images, labels = batch(rng, 4)
    params = mixing.params(alpha=9, probability=0.3)
    soft = mixer.soft_labels(np.arange(4, dtype=np.float32), CLASSES)
    changed = 0
    for epoch in range(400):
        drawn = mixer.draw_words(mixing, name, 0, epoch, range(4))
        changed += not np.array_equal(mixing.apply(params, images, soft, CLASSES, drawn).labels, soft)
    # 0.3 of 400, less the batches of which every sample is its own partner; standard deviation 9.
    assert 80 < changed < 150


@pytest.mark.parametrize(("name", "given"), EACH)
def test_parameters_survive_json(name, given):
    mixing = REGISTRY.get(name)
    params = mixing.params(**given)
    assert mixing.params(**json.loads(json.dumps(dataclasses.asdict(params)))) == params


def test_words_are_counted_by_position():
    mixing = REGISTRY.get("mixup")
    whole = mixer.draw_words(mixing, "a", 3, 2, range(100))
    np.testing.assert_array_equal(mixer.draw_words(mixing, "a", 3, 2, range(40, 60)), whole[40:60])
    for other in (("b", 3, 2), ("a", 4, 2), ("a", 3, 1)):
        assert not np.array_equal(mixer.draw_words(mixing, *other, range(100)), whole)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 2.0, 30.0])
def test_beta(alpha):
    drawn = words((4, 5), 0, 0, 100_000, 2)
    weights = mixer.draw_beta(alpha, drawn[:, 0], drawn[:, 1])
    assert weights.min() >= 0
    assert weights.max() <= 1
    # Moments about 1/2: the variance is 1 / (4 (2a + 1)), the fourth 3 / (16 (2a + 1) (2a + 3)).
    centred = weights - 0.5
    variance, fourth = 1 / (4 * (2 * alpha + 1)), 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    assert abs(centred.mean()) < 5 * np.sqrt(variance / 1e5)
    assert abs((centred**2).mean() - variance) < 5 * np.sqrt((fourth - variance**2) / 1e5) + 1e-12
    np.testing.assert_allclose((centred**4).mean(), fourth, rtol=0.05)


def test_beta_of_one_is_uniform():
    drawn = words((4, 6), 0, 0, 20_000, 2)
    weights = np.sort(mixer.draw_beta(1.0, drawn[:, 0], drawn[:, 1]))
    # Kolmogorov and Smirnov: above 1.95 once in a thousand.
    assert np.abs(weights - (np.arange(20_000) + 0.5) / 20_000).max() * np.sqrt(20_000) < 1.95


@pytest.mark.parametrize("alpha", [1e-9, 1e-3, 1.0, 1e9])
def test_beta_at_the_ends_of_the_words(alpha):
    ends = np.array([0, 1, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], np.uint32)
    first, second = (g.reshape(-1) for g in np.meshgrid(ends, ends))
    weights = mixer.draw_beta(alpha, first, second)
    assert np.isfinite(weights).all()
    assert ((weights >= 0) & (weights <= 1)).all()


def test_partners_are_a_permutation():
    for epoch in range(50):
        order = mixer.partners(words((1, 1), epoch, 0, 17, 1)[:, 0])
        assert sorted(order) == list(range(17))
    seen = {tuple(mixer.partners(words((1, 1), epoch, 0, 3, 1)[:, 0])) for epoch in range(100)}
    assert len(seen) == 6


@pytest.mark.parametrize("wrong", [-1, 5, 1.5, np.nan])
def test_labels_that_are_no_class(wrong):
    with pytest.raises(DataError, match=r"row 2 of the batch: label .* is no class \(0 to 4\)"):
        mixer.soft_labels(np.array([0, 4, wrong], np.float32), 5)
