"""The loss scale: it grows, it shrinks, and a step that overflows changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops, optim
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.executor import add_state, bind, make_store
from mxtrain.optim.loss_scale import GROW_AFTER, LEAST, MOST, START
from mxtrain.optim.update import EMA, RESCALE
from mxtrain.passes import LOSS_SCALE, Options, compile_graph

SHAPES = {"a_weight": (6,), "a_bias": (3,), "b_weight": (2, 70_000)}


class Setting:
    """An optimizer behind a guard."""

    def __init__(self, rng, guard, name="sgd", ema=None, **params):
        self.rule = optim.get(name)
        self.params = self.rule.params(**params)
        given = [optim.Parameter(n, TensorType(s)) for n, s in SHAPES.items()]
        self.groups = optim.make_groups(given, (), self.rule.decays)
        self.store = make_store(REFERENCE, self.groups.types, {}, {})
        add_state(self.store, (*self.rule.state_names(self.params), *([EMA] if ema else [])))
        optim.add_loss_scale(self.store, scaled=guard.scaled)
        for arena in (self.store.parameters, self.store.gradients):
            for n, t in arena.types.items():
                arena[n][...] = rng.standard_normal(t.shape)
        g = optim.update_graph(self.rule, self.params, self.groups, ema=ema, guard=guard)
        compiled = compile_graph(g, REFERENCE, vocabulary=ops.vocabulary(), options=Options(hoist=False))
        slots = optim.slots_of(self.rule, self.groups)
        self.plan = bind(compiled, REFERENCE, optim.storage_of_slots(self.store, slots))
        self.write = optim.scalar_writer(self.rule, self.params, self.groups, self.store)

    def step(self, rescale=0.25):
        self.store.scalar(RESCALE)[...] = rescale
        self.write(1, self.params.lr, self.params.lr)
        with np.errstate(all="ignore"):
            self.plan.run()

    @property
    def counts(self):
        arena = self.store.states[LOSS_SCALE]
        return {n: float(arena[n][0]) for n in arena.types}

    def arrays(self):
        arenas = {"parameters": self.store.parameters, **self.store.states}
        return {f"{k}:{n}": a[n].copy() for k, a in arenas.items() if k != LOSS_SCALE for n in a.types}


def test_a_good_step_is_that_of_the_gradients_without_the_scale(rng):
    s = Setting(rng, optim.Guard(scaled=True), lr=0.5)
    before = {n: s.store.parameters[n].copy() for n in SHAPES}
    s.step()
    for n in SHAPES:
        expected = before[n] - 0.5 * 0.25 / START * s.store.gradients[n]
        np.testing.assert_allclose(s.store.parameters[n], expected, rtol=1e-6)
    assert s.counts == {"scale": START, "good": 1, "skipped": 0}


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("where", [("a_weight", 0), ("b_weight", (1, 69_999)), ("a_bias", 2)])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_an_overflow_halves_the_scale_and_changes_nothing_else(rng, value, where, name):
    s = Setting(rng, optim.Guard(scaled=True), name, ema=0.9, lr=0.5)
    s.step()
    before = s.arrays()
    s.store.gradients[where[0]][where[1]] = value
    s.step()
    for n, a in s.arrays().items():
        np.testing.assert_array_equal(a, before[n], err_msg=n)
    assert s.counts == {"scale": START / 2, "good": 0, "skipped": 1}


def test_the_scale_doubles_after_so_many_good_steps(rng):
    s = Setting(rng, optim.Guard(scaled=True), lr=0.0)
    arena = s.store.states[LOSS_SCALE]
    arena["good"][0] = GROW_AFTER - 2
    s.step()
    assert s.counts == {"scale": START, "good": GROW_AFTER - 1, "skipped": 0}
    s.step()
    assert s.counts == {"scale": 2 * START, "good": 0, "skipped": 0}


def test_the_scale_has_bounds(rng):
    s = Setting(rng, optim.Guard(scaled=True), lr=0.0)
    arena = s.store.states[LOSS_SCALE]
    arena["scale"][0], arena["good"][0] = MOST, GROW_AFTER - 1
    s.step()
    assert s.counts["scale"] == MOST
    arena["scale"][0] = LEAST
    s.store.gradients["a_bias"][0] = np.nan
    s.step()
    assert s.counts["scale"] == LEAST


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(("clip", "acts"), [(0.5, True), (1e6, False)])
def test_clipping_by_the_norm_of_what_the_gradients_are(rng, scaled, clip, acts):
    s = Setting(rng, optim.Guard(scaled, clip), lr=1.0)
    before = {n: s.store.parameters[n].copy() for n in SHAPES}
    rescale = 0.01 * (START if scaled else 1.0)
    s.step(rescale)
    norm = 0.01 * np.sqrt(sum(float(np.square(np.float64(s.store.gradients[n])).sum()) for n in SHAPES))
    factor = 0.01 * min(1.0, clip / norm)
    assert bool(factor < 0.01) == acts
    for n in SHAPES:
        np.testing.assert_allclose(
            s.store.parameters[n], before[n] - factor * s.store.gradients[n], rtol=1e-4, atol=1e-6
        )


def test_without_a_scale_only_skips_are_counted(rng):
    s = Setting(rng, optim.Guard(clip=1.0), lr=1.0)
    before = s.arrays()
    s.store.gradients["a_bias"][0] = np.nan
    s.step()
    assert s.counts == {"skipped": 1}
    for n, a in s.arrays().items():
        np.testing.assert_array_equal(a, before[n], err_msg=n)
