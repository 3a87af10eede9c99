from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.kvstore import create
from tests.kvstore.world import World


def test_push_replaces_by_the_sum_and_pull_copies():
    store = create("local", np)
    given = np.ones((2, 3))
    store.init("w", given)
    given[...] = 9
    outs = [np.zeros((2, 3)), np.zeros((2, 3))]
    store.pull("w", outs)
    assert (outs[0] == 1).all() and (outs[1] == 1).all()
    store.push("w", [np.full((2, 3), 2.0), np.full((2, 3), 5.0)])
    store.pull("w", outs)
    assert (outs[1] == 7).all() and (store.rank, store.size) == (0, 1)


def test_an_updater_changes_the_value_in_place():
    store, seen = create("local", np), []

    def updater(key, grad, weight):
        seen.append(key)
        weight -= 0.5 * grad

    store.set_updater(updater)
    store.init("w", np.full(2, 10.0))
    store.push("w", [np.ones(2), np.ones(2)])
    store.push("w", [np.ones(2)])
    out = np.zeros(2)
    store.pull("w", [out])
    assert out.tolist() == [8.5, 8.5] and seen == ["w", "w"]


def test_device_sums_over_workers_and_begins_with_rank_0():
    def body(comm):
        store = create("device", np, comm)
        store.init("w", np.full(3, 10.0 + comm.rank))
        out = np.zeros(3)
        store.pull("w", [out])
        first = out.tolist()
        store.set_updater(lambda key, grad, weight: np.subtract(weight, grad, out=weight))
        store.push("w", [np.full(3, comm.rank + 1.0), np.full(3, 1.0)])
        store.pull("w", [out])
        return first, out.tolist(), store.rank, store.size

    one, two = World(2).run(body)
    assert one == ([10, 10, 10], [5, 5, 5], 0, 2) and two[:2] == one[:2]


def test_workers_with_one_device_give_the_bits_of_devices_of_one_worker(rng):
    values = [rng.standard_normal(100).astype(np.float32) for _ in range(3)]
    local = create("local", np)
    local.init("g", np.zeros(100, np.float32))
    local.push("g", values)
    want = np.zeros(100, np.float32)
    local.pull("g", [want])

    def body(comm):
        store = create("device", np, comm)
        store.init("g", np.zeros(100, np.float32))
        store.push("g", [values[comm.rank]])
        out = np.zeros(100, np.float32)
        store.pull("g", [out])
        return out

    for got in World(3).run(body):
        np.testing.assert_array_equal(got, want)


def test_mistakes_name_the_key():
    store = create("local", np)
    store.init("w", np.zeros(2))
    with pytest.raises(ConfigError, match="'w' exists already"):
        store.init("w", np.zeros(2))
    with pytest.raises(ConfigError, match="no key 'v'"):
        store.push("v", [np.zeros(2)])
    with pytest.raises(ConfigError, match=r"'w': the array must be \(2,\), got \(3,\)"):
        store.pull("w", [np.zeros(3)])
    with pytest.raises(ConfigError, match="must be local or device, got 'dist_sync'"):
        create("dist_sync", np)

    def body(comm):
        return create("local", np, comm)

    assert all("use device" in str(e) for e in World(2).run(body))
