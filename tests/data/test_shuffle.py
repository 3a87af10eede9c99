from __future__ import annotations

import itertools

import numpy as np
import pytest

from mxtrain.data.shuffle import Order, Within


@pytest.mark.parametrize("epoch", [0, 1, 2**31])
def test_every_sample_once_for_all_small_sizes(epoch):
    for size in range(1, 130):
        ids = Order(size, 7).at(epoch, np.arange(size))
        np.testing.assert_array_equal(np.sort(ids), np.arange(size))


@pytest.mark.parametrize("size", [60_000, 65_536, 65_537])
def test_every_sample_once_for_large_sizes(size):
    ids = Order(size, 1).at(3, np.arange(size))
    np.testing.assert_array_equal(np.bincount(ids, minlength=size), 1)


def test_ten_billion_samples_need_no_table():
    size = 10**10
    ids = Order(size, 1).at(0, np.arange(size - 1000, size))
    assert len(set(ids.tolist())) == 1000
    assert ids.min() >= 0
    assert ids.max() < size


def test_any_stretch_is_the_same_as_the_whole():
    order = Order(1000, 3)
    whole = order.at(2, np.arange(1000))
    np.testing.assert_array_equal(order.at(2, np.arange(371, 420)), whole[371:420])
    np.testing.assert_array_equal(order.at(2, np.array([5])), whole[5:6])


def test_the_order_is_that_of_every_release():
    """A run goes on with a later release where an earlier one left it."""
    assert Order(8, 1).at(0, np.arange(8)).tolist() == [2, 4, 0, 5, 7, 6, 3, 1]
    assert Order(10, 1 << 40).at(3, np.arange(10)).tolist() == [4, 5, 7, 2, 1, 0, 8, 9, 3, 6]


def test_positions_wrap():
    order = Order(10, 3)
    np.testing.assert_array_equal(order.at(1, np.arange(10, 20)), order.at(1, np.arange(10)))


def test_epochs_and_seeds_differ():
    seen = {tuple(Order(50, seed).at(epoch, np.arange(50))) for seed in range(10) for epoch in range(10)}
    assert len(seen) == 100


def test_without_shuffle_as_they_come():
    np.testing.assert_array_equal(Order(9, 3, shuffle=False).at(4, np.arange(9)), np.arange(9))


def test_the_positions_given_are_not_written():
    positions = np.arange(10)
    Order(10, 1).at(0, positions)
    np.testing.assert_array_equal(positions, np.arange(10))


def test_all_orders_of_four_occur():
    seen = {tuple(Order(4, 0).at(epoch, np.arange(4))) for epoch in range(500)}
    assert seen == set(itertools.permutations(range(4)))


def test_every_place_is_as_likely():
    # 2000 epochs of 10 samples: each of 100 cells expects 200; chi-square with 81 degrees of freedom, p = 1e-4 at 134.
    cells = np.zeros((10, 10))
    for epoch in range(2000):
        cells[np.arange(10), Order(10, 5).at(epoch, np.arange(10))] += 1
    assert ((cells - 200) ** 2 / 200).sum() < 134


def test_neighbours_are_torn_apart():
    ids = Order(60_000, 0).at(0, np.arange(60_000))
    assert abs(np.corrcoef(ids[:-1], ids[1:])[0, 1]) < 0.02
    assert np.mean(np.abs(np.diff(ids))) == pytest.approx(20_000, rel=0.02)


def test_within_a_few_samples_the_first_follow_the_last():
    order = Within(np.array([7, 3, 9]), 30)
    assert order.size == 3 and order.at(5, np.arange(30, 35)).tolist() == [7, 3, 9, 7, 3]
