"""Update graphs over arenas: averages, sums of gradients, numbers from the host, passes over memory."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops, optim
from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.executor import add_state, bind, make_store
from mxtrain.optim.update import EMA, RESCALE, SUMS, scalar_name
from mxtrain.passes import Options, compile_graph

DEVICE = Device(threads=1)
SHAPES = {"a_weight": (6,), "a_bias": (3,), "b_weight": (2, 9), "c_weight": (33,)}
MULTIPLIERS = (optim.Multiplier(match="b_*", lr_mult=0.5), optim.Multiplier(match="c_*", lr_mult=0))


def setting(name, rng, **params):
    """An optimizer, its params, groups of parameters, and a store of random numbers."""
    optimizer = optim.get(name)
    params = optimizer.params(**params)
    parameters = [optim.Parameter(n, TensorType(s)) for n, s in SHAPES.items()]
    groups = optim.make_groups(parameters, MULTIPLIERS, optimizer.decays)
    store = make_store(DEVICE, groups.types, {n: TensorType(SHAPES[n]) for n in groups.frozen}, {})
    add_state(store, (*optimizer.state_names(params), EMA, SUMS))
    for arena in (store.parameters, store.gradients):
        for n, t in arena.types.items():
            arena[n][...] = rng.standard_normal(t.shape)
    store.scalar(RESCALE)[...] = 0.25
    return optimizer, params, groups, store


def plan_of(graph, store, slots):
    compiled = compile_graph(graph, DEVICE, vocabulary=ops.vocabulary(), options=Options())
    return bind(compiled, DEVICE, optim.storage_of_slots(store, slots))


def arrays(arena):
    return {n: arena[n].copy() for n in arena.types}


def test_the_average_follows_the_new_weights(rng):
    optimizer, params, groups, store = setting("sgd", rng, lr=0.5)
    plan = plan_of(optim.update_graph(optimizer, params, groups, ema=0.75), store, groups.groups)
    store.states[EMA].buffer[:] = store.parameters.buffer[: store.states[EMA].buffer.size]
    old, frozen = arrays(store.states[EMA]), store.parameters["c_weight"].copy()
    optim.scalar_writer(optimizer, params, groups, store)(1, params.lr, params.lr)
    plan.run()
    for n in store.gradients.types:
        assert not np.array_equal(store.parameters[n], old[n])
        np.testing.assert_allclose(store.states[EMA][n], 0.75 * old[n] + 0.25 * store.parameters[n], rtol=1e-6)
    np.testing.assert_array_equal(store.parameters["c_weight"], frozen)
    assert "c_weight" not in store.states[EMA]


def test_sums_of_gradients_are_what_a_rule_may_read(rng):
    optimizer, params, groups, store = setting("sgd", rng, lr=0.5, wd=0.125)
    add = plan_of(optim.accumulate_graph(groups), store, groups.groups)
    plan = plan_of(optim.update_graph(optimizer, params, groups, gradients=SUMS), store, groups.groups)
    weights, grads = arrays(store.parameters), arrays(store.gradients)
    for _ in range(3):
        add.run()
    assert len(add.steps) == len(groups.groups)
    optim.scalar_writer(optimizer, params, groups, store)(1, params.lr, params.lr)
    plan.run()
    for n, w in weights.items():
        if n in grads:
            np.testing.assert_allclose(store.states[SUMS][n], 3 * grads[n], rtol=1e-6)
            lr, wd = 0.25 if n == "b_weight" else 0.5, 0.125 * (n != "a_bias")
            np.testing.assert_allclose(store.parameters[n], w - lr * (0.75 * grads[n] + wd * w), rtol=2e-6)


def test_every_group_has_its_own_rate(rng):
    optimizer, params, groups, store = setting("adam", rng)
    write = optim.scalar_writer(optimizer, params, groups, store)
    write(1, 0.1, 0.1)
    first = [float(store.scalar(scalar_name("lr", k))) for k in range(3)]
    assert first == pytest.approx([0.1 * g.lr_mult * 0.001**0.5 / 0.1 for g in groups.groups], rel=1e-6)
    write(2, 0.2, 0.1)
    assert float(store.scalar("lr.0")) == pytest.approx(0.2 * (1 - 0.999**2) ** 0.5 / (1 - 0.9**2), rel=1e-6)


@pytest.mark.parametrize("name", ["ftrl", "ftml"])
def test_a_rate_of_0_is_refused_where_it_has_no_meaning(name, rng):
    optimizer, params, groups, store = setting(name, rng)
    write = optim.scalar_writer(optimizer, params, groups, store)
    with pytest.raises(ConfigError, match=f"{name} divides by the learning rate, which the schedule makes 0 at step 9"):
        write(9, 0.0, 0.1)


@pytest.mark.parametrize("name", [n for n in optim.REGISTRY.names() if n not in ("ftrl", "ftml")])
def test_a_rate_of_0_changes_no_weight(name, rng):
    optimizer, params, groups, store = setting(name, rng, wd=0.1)
    slots = optim.slots_of(optimizer, groups)
    plan = plan_of(optim.update_graph(optimizer, params, groups), store, slots)
    before = store.parameters.buffer.copy()
    optim.scalar_writer(optimizer, params, groups, store)(1, 0.0, 0.0)
    plan.run()
    np.testing.assert_array_equal(store.parameters.buffer, before)


@pytest.mark.parametrize("name", optim.REGISTRY.names())
def test_fusion_changes_no_bit(name, rng):
    optimizer, params, groups, store = setting(name, rng, wd=0.1)
    slots = optim.slots_of(optimizer, groups)
    write = optim.scalar_writer(optimizer, params, groups, store)
    arenas = [store.parameters, *store.states.values()]
    start = [a.buffer.copy() for a in arenas]
    graph = optim.update_graph(optimizer, params, groups, ema=0.9)
    results = []
    for fuse in (False, True):
        device = Device(kernels=("reference",))
        compiled = compile_graph(graph, device, vocabulary=ops.vocabulary(), options=Options(fuse=fuse))
        plan = bind(compiled, device, optim.storage_of_slots(store, slots))
        for a, b in zip(arenas, start, strict=True):
            a.buffer[:] = b
        for t in (1, 2):
            write(t, params.lr, params.lr)
            plan.run()
        results.append([a.buffer.copy() for a in arenas])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", optim.REGISTRY.names())
def test_a_slot_is_one_pass_over_memory(name, rng):
    optimizer, params, groups, store = setting(name, rng, wd=0.1)
    slots = optim.slots_of(optimizer, groups)
    graph = optim.update_graph(optimizer, params, groups, ema=0.9)
    compiled = compile_graph(graph, DEVICE, vocabulary=ops.vocabulary(), options=Options())
    long = [n for n in compiled.memory.steps if n.types[0].shape != ()]
    # lamb reads the norm of its own step: one pass makes it, another takes it.
    assert len(long) == len(slots) * (2 if name == "lamb" else 1)
    assert {n.op.name for n in long} == {"chain"}
    assert not compiled.memory.copies
