from __future__ import annotations

import numpy as np
import pytest

from mxtrain import optim
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import NumericError
from mxtrain.base.types import TensorType
from mxtrain.executor import make_store
from mxtrain.optim import schedules
from mxtrain.optim.schedules import Span
from mxtrain.train.updater import NORM_BLOCK, Rule, Updater

TYPES = {"fc_weight": TensorType((3, 5)), "fc_bias": TensorType((7,))}


def make(name="sgd", multipliers=(), schedule=None, sizes=TYPES, clip=None, ema=None, parts=1, scaled=False, **params):
    """(updater, store) over the parameters above."""
    rule = optim.get(name)
    given = [optim.Parameter(n, t) for n, t in sizes.items()]
    groups = optim.make_groups(given, [optim.Multiplier(**m) for m in multipliers], rule.decays)
    frozen = {n: t for n, t in sizes.items() if n not in groups.types}
    store = make_store(REFERENCE, groups.types, frozen, {"mean": TensorType((2,))})
    chosen = None if schedule is None else (schedules.REGISTRY.get(schedule[0]), schedule[1])
    rule = Rule(rule, rule.params(**params), chosen, Span(10, 5), clip, ema, parts, scaled)
    return Updater(rule, groups, store), store


def fill(rng, arena):
    for name, t in arena.types.items():
        arena[name][...] = rng.standard_normal(t.shape)
    return {name: arena[name].copy() for name in arena.types}


def test_gradients_summed_over_the_batch_become_a_mean(rng):
    updater, store = make(lr=0.5)
    before, grads = fill(rng, store.parameters), fill(rng, store.gradients)
    version = store.version
    assert updater.update(0, 4) == 0.5
    for name in TYPES:
        np.testing.assert_allclose(store.parameters[name], before[name] - 0.5 * grads[name] / 4, rtol=1e-6)
    assert store.version > version


def test_multipliers(rng):
    updater, store = make(lr=0.5, wd=0.1, multipliers=[{"match": "*_bias", "lr_mult": 2, "wd_mult": 3}])
    before, grads = fill(rng, store.parameters), fill(rng, store.gradients)
    updater.update(0, 1)
    weight, bias = before["fc_weight"], before["fc_bias"]
    expected = weight - 0.5 * (grads["fc_weight"] + 0.1 * weight)
    np.testing.assert_allclose(store.parameters["fc_weight"], expected, rtol=1e-5, atol=1e-7)
    expected = bias - 1.0 * (grads["fc_bias"] + 0.3 * bias)
    np.testing.assert_allclose(store.parameters["fc_bias"], expected, rtol=1e-5, atol=1e-7)


def test_frozen_parameters_have_no_state_and_stay(rng):
    updater, store = make(lr=0.5, momentum=0.9, multipliers=[{"match": "*_bias", "lr_mult": 0}])
    before = fill(rng, store.parameters)
    fill(rng, store.gradients)
    updater.update(0, 1)
    assert list(store.states["momentum"].types) == ["fc_weight"]
    assert np.array_equal(store.parameters["fc_bias"], before["fc_bias"])
    assert not np.array_equal(store.parameters["fc_weight"], before["fc_weight"])


def test_all_frozen_is_an_update_of_nothing_but_plans_pack_again(rng):
    # The auxiliaries of frozen layers still move in training, and prediction folds them into weights.
    updater, store = make(lr=0.5, multipliers=[{"match": "*", "lr_mult": 0}])
    before, version = fill(rng, store.parameters), store.version
    assert updater.update(0, 1) == 0.5
    assert all(np.array_equal(store.parameters[n], a) for n, a in before.items())
    assert store.version > version


def test_the_schedule_counts_updates_from_1():
    factor = schedules.REGISTRY.get("factor").params(step=2, factor=0.5, warmup=2)
    updater, _ = make(lr=1.0, schedule=("factor", factor))
    assert [updater.update(done, 1) for done in range(6)] == [updater.learning_rate(n) for n in range(1, 7)]
    assert updater.learning_rate(1) == 0.5
    updater.resume(3)
    assert updater.lr == updater.learning_rate(3)
    fresh, _ = make(lr=1.0, schedule=("factor", factor))
    fresh.resume(0)
    assert fresh.lr == 1.0


def test_a_rule_is_told_the_rate_of_the_update_before(rng):
    factor = schedules.REGISTRY.get("factor").params(step=1, factor=0.5)
    updater, store = make("lars", lr=1.0, momentum=0.9, eta=1e3, schedule=("factor", factor))
    told = []
    updater._write = lambda number, lr, previous: told.append((number, lr, previous))
    for done in range(3):
        updater.update(done, 1)
    rates = [updater.learning_rate(n) for n in (1, 2, 3)]
    assert len(set(rates)) == 3
    assert told == [(1, rates[0], rates[0]), (2, rates[1], rates[0]), (3, rates[2], rates[1])]


@pytest.mark.parametrize("clip", [0.5, 100.0])
def test_the_global_norm_of_the_mean_gradient(rng, clip):
    updater, store = make(lr=1.0, clip=clip)
    before, grads = fill(rng, store.parameters), fill(rng, store.gradients)
    norm = np.sqrt(sum(np.square(g.astype(np.float64)).sum() for g in grads.values())) / 8
    updater.update(0, 8)
    moved = {n: before[n] - store.parameters[n] for n in TYPES}
    length = np.sqrt(sum(np.square(m.astype(np.float64)).sum() for m in moved.values()))
    assert length == pytest.approx(min(norm, clip), rel=1e-5)
    for name in TYPES:
        np.testing.assert_allclose(moved[name] / length, grads[name] / 8 / norm, atol=1e-6)


def test_the_norm_of_long_and_of_large_gradients(rng):
    updater, store = make(sizes={"long_weight": TensorType((NORM_BLOCK * 2 + 5,))}, clip=1.0)
    grads = fill(rng, store.gradients)["long_weight"]
    assert updater.norm() == pytest.approx(float(np.sqrt(np.square(grads.astype(np.float64)).sum())), rel=1e-12)
    store.gradients["long_weight"][:2] = 3e30, 4e30
    assert updater.norm() == pytest.approx(5e30, rel=1e-6)
    store.gradients["long_weight"][...] = 0
    before = store.parameters["long_weight"].copy()
    updater.update(0, 1)
    assert np.array_equal(store.parameters["long_weight"], before)


def test_a_norm_that_is_not_finite_updates_nothing(rng):
    updater, store = make(lr=1.0, clip=1.0)
    before = fill(rng, store.parameters)
    fill(rng, store.gradients)["fc_bias"]
    store.gradients["fc_bias"][2] = np.inf
    with pytest.raises(NumericError, match="step 6: the norm of the gradients is inf; nothing was updated"):
        updater.update(6, 1)
    assert all(np.array_equal(store.parameters[n], a) for n, a in before.items())


def test_parts_are_summed(rng):
    whole, store = make(lr=0.5, momentum=0.9)
    start, grads = fill(rng, store.parameters), fill(rng, store.gradients)
    whole.update(0, 4)
    parts, other = make(lr=0.5, momentum=0.9, parts=2)
    for name, array in start.items():
        other.parameters[name][...] = array
    other.states["gradient_sums"].buffer.view(np.float32)[:] = 1  # what an earlier batch left
    for k in range(2):
        for name, array in grads.items():
            other.gradients[name][...] = array / 2
        parts.accumulate(first=k == 0)
    parts.update(0, 4)
    for name in TYPES:
        np.testing.assert_allclose(other.parameters[name], store.parameters[name], rtol=1e-6)


def test_the_average(rng):
    updater, store = make(lr=0.5, ema=0.75)
    start = fill(rng, store.parameters)
    fill(rng, store.gradients)
    updater.begin()
    updater.update(0, 1)
    last = {n: store.parameters[n].copy() for n in TYPES}
    version = store.version
    with updater.averaged():
        for name in TYPES:
            expected = 0.75 * start[name] + 0.25 * last[name]
            np.testing.assert_allclose(store.parameters[name], expected, rtol=1e-5, atol=1e-6)
        assert store.version > version
        version = store.version
    assert all(np.array_equal(store.parameters[n], a) for n, a in last.items()) and store.version > version


def test_the_average_comes_off_after_an_error(rng):
    updater, store = make(ema=0.5)
    fill(rng, store.parameters)
    before = store.parameters.buffer.copy()
    with pytest.raises(RuntimeError), updater.averaged():
        raise RuntimeError
    assert np.array_equal(store.parameters.buffer, before)


def test_without_an_average_the_parameters_stay(rng):
    updater, store = make()
    before, version = fill(rng, store.parameters), store.version
    with updater.averaged():
        assert all(np.array_equal(store.parameters[n], a) for n, a in before.items())
    assert store.version == version


def test_skipped_steps_advance_no_schedule(rng):
    poly = schedules.REGISTRY.get("poly")
    updater, store = make(lr=1.0, schedule=("poly", poly.params()), scaled=True)
    fill(rng, store.parameters)
    rates = []
    for done, good in enumerate((True, False, False, True)):
        fill(rng, store.gradients)
        if not good:
            store.gradients["fc_bias"][0] = np.inf
        rates.append(updater.update(done, 1))
    first, second = updater.learning_rate(1), updater.learning_rate(2)
    assert rates == [first, second, second, second] and first != second
    assert updater.skipped == 2
    again, other = make(lr=1.0, schedule=("poly", poly.params()), scaled=True)
    other.states["loss_scale"].buffer[:] = store.states["loss_scale"].buffer
    again.resume(4)
    assert again.lr == second


def test_a_scaled_rule_clips_in_the_graph(rng):
    updater, store = make(lr=1.0, clip=0.5, scaled=True)
    before, grads = fill(rng, store.parameters), fill(rng, store.gradients)
    norm = updater.norm() / 2**16
    updater.update(0, 1)
    scale = min(1.0, 0.5 / norm) / 2**16
    for name in TYPES:
        np.testing.assert_allclose(store.parameters[name], before[name] - scale * grads[name], rtol=1e-5, atol=1e-7)
    store.gradients["fc_bias"][0] = np.nan
    kept = store.parameters.buffer.copy()
    updater.update(1, 1)
    np.testing.assert_array_equal(store.parameters.buffer, kept)
