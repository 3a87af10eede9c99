from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.random import generator, normal, philox, stream_key, uniform, words

FULL = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "want"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((FULL,) * 4, (FULL, FULL), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_known_answers(counter, key, want):
    # Random123 1.14, kat_vectors, philox4x32 10.
    out = philox(np.array(counter, np.uint32)[:, None], key)
    assert " ".join(f"{w:08x}" for w in out[:, 0]) == want


def test_a_sample_draws_the_same_in_any_batch():
    key = stream_key(3, "dropout0")
    whole = words(key, 5, 0, 8, 10)
    assert whole.shape == (8, 10) and whole.dtype == np.uint32
    np.testing.assert_array_equal(words(key, 5, 3, 2, 10), whole[3:5])
    np.testing.assert_array_equal(words(key, 5, 0, 8, 7), whole[:, :7])


def test_samples_beyond_32_bits_are_told_apart():
    key = stream_key(0, "a")
    assert (words(key, 0, 2**32, 1, 4) != words(key, 0, 0, 1, 4)).all()
    both = words(key, 0, 2**32 - 1, 2, 4)
    np.testing.assert_array_equal(both[1:], words(key, 0, 2**32, 1, 4))


@pytest.mark.parametrize(
    "other", [(4, "dropout0", 5), (3, "dropout1", 5), (3, "dropout0", 6), (3 + 2**32, "dropout0", 5)]
)
def test_seed_name_and_step_make_other_streams(other):
    seed, name, step = other
    assert (words(stream_key(seed, name), step, 0, 2, 8) != words(stream_key(3, "dropout0"), 5, 0, 2, 8)).all()


def test_uniform_is_in_its_range_and_even():
    edges = uniform(np.array([0, FULL], np.uint32))
    assert edges.dtype == np.float32 and edges[0] == 0 and 0.9999999 < edges[1] < 1
    u = uniform(words(stream_key(1, "u"), 0, 0, 100, 1000)).ravel()
    counts = np.histogram(u, 10, (0, 1))[0]
    # Six standard deviations of a binomial with n = 100000 and p = 0.1.
    assert np.abs(counts - 10000).max() < 6 * 95


@pytest.mark.parametrize("size", [0, 1, 7, 100000])
def test_normal_has_the_size_asked_for(size):
    assert normal(stream_key(1, "n"), size).shape == (size,)


def test_normal_is_normal():
    x = normal(stream_key(1, "n"), 100000).astype(np.float64)
    assert abs(x.mean()) < 6 / 316 and abs(x.std() - 1) < 6 / 447
    assert abs((np.abs(x) < 1).mean() - 0.6827) < 6 * 0.00147


def test_generators_are_keyed_by_all_counts():
    keys = [(0, "a"), (1, "a"), (0, "b"), (0, "a", 1), (0, "a", 1, 2), (0, "a", 2, 1)]
    assert len({generator(*key).integers(2**62) for key in keys}) == len(keys)
    assert generator(0, "a", 1).integers(2**62) == generator(0, "a", 1).integers(2**62)
