from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.executor import add_state, make_arena, make_store

TYPES = {"a": TensorType((3,)), "b": TensorType((2, 5)), "c": TensorType(())}


@pytest.fixture
def store():
    return make_store(REFERENCE, TYPES, {"frozen": TensorType((4,))}, {"mean": TensorType((3,))})


def test_arrays_are_aligned_named_views_of_one_buffer():
    arena = make_arena(TYPES, REFERENCE)
    assert arena.buffer.size == 3 * 64 and "b" in arena and "d" not in arena
    for name, t in TYPES.items():
        assert arena[name].shape == t.shape and arena.offsets[name] % 64 == 0
        arena[name][...] = 1
    assert arena.buffer.view(np.float32).sum() == 3 + 10 + 1


def test_a_span_is_the_neighbours_with_their_gaps():
    arena = make_arena(TYPES, REFERENCE)
    arena.span(["a", "b"])[...] = 2
    assert arena.span(["a", "b"]).shape == (32,) and arena["a"].tolist() == [2] * 3 and float(arena["c"]) == 0
    assert arena.span(["b"]).shape == (16,)
    for wrong in (["a", "c"], ["b", "a"]):
        with pytest.raises(ConfigError, match=f"{wrong[0]}, {wrong[1]} do not lie together"):
            arena.span(wrong)


def test_gradients_and_states_lie_as_the_trained_parameters_do(store):
    add_state(store, ["mom", "mom"])
    assert store.gradients.offsets == store.states["mom"].offsets
    assert {n: store.parameters.offsets[n] for n in TYPES} == store.gradients.offsets
    assert "frozen" in store.parameters and "frozen" not in store.gradients
    store.states["mom"]["a"][...] = 1
    add_state(store, ["mom"])
    assert store.states["mom"]["a"].tolist() == [1] * 3


def test_storage_by_name(store):
    store.storage("grad:a")[...] = 3
    assert store.gradients["a"].tolist() == [3] * 3
    store.storage("mean")[...] = 4
    assert store.auxiliaries["mean"].tolist() == [4] * 3
    store.scalar("lr")[...] = 0.5
    assert float(store.storage("lr")) == 0.5
    assert store.scalar("lr") is store.scalar("lr")
    assert store.scalar("key", "uint32", (5,)).dtype == np.uint32
    for unknown in ("x", "grad:frozen", "grad:x"):
        with pytest.raises(ConfigError, match=f"the parameter store has no '{unknown}'"):
            store.storage(unknown)


def test_loading_names_every_problem_and_changes_nothing(store):
    values = {"a": np.ones(3), "b": np.ones((5, 2)), "frozen": np.ones(4), "mean": np.ones(3), "z": np.ones(1)}
    with pytest.raises(ConfigError) as caught:
        store.load(values)
    assert caught.value.problems == (
        "'b' must be (2, 5), got (5, 2)", "'c' () float32 is missing", "'z' belongs to no layer",
    )  # fmt: skip
    assert not store.parameters.buffer.any() and store.version == 0


def test_loading_copies_and_says_that_parameters_changed(store):
    values = {"a": np.arange(3), "b": np.ones((2, 5)), "c": np.array(7.0), "frozen": np.ones(4), "mean": np.ones(3)}
    store.load(values)
    assert store.parameters["a"].tolist() == [0, 1, 2] and float(store.parameters["c"]) == 7 and store.version == 1
    values["a"][...] = 9
    assert store.parameters["a"].tolist() == [0, 1, 2]
