"""Moving averages in one launch, on the fake device."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, Update, apply, variable
from mxtrain.ops._blend import blend
from mxtrain.passes import Options, for_training
from mxtrain.passes.join import join_updates
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import needs_compiler
from tests.contract.on_device import planned, results
from tests.contract.operators import evaluate

SIZES = (3, 1, 700, 64)


def averages(dtype="float32"):
    """Four moving averages as updates and as outputs."""
    old = [variable(f"old{k}", TensorType((n,), dtype), "auxiliary") for k, n in enumerate(SIZES)]
    new = [variable(f"new{k}", TensorType((n,), dtype), "parameter") for k, n in enumerate(SIZES)]
    made = [blend(f"next{k}", a, b, 0.9) for k, (a, b) in enumerate(zip(old, new, strict=True))]
    return Graph((), tuple(Update(a.node, e) for a, e in zip(old, made, strict=True)))


def values(rng):
    return {f"{what}{k}": rng.standard_normal(n) for k, n in enumerate(SIZES) for what in ("old", "new")}


@needs_compiler
def test_one_launch_writes_every_average_in_its_place(rng):
    given, device = values(rng), fake_device()
    g = join_updates(averages()).check()
    plan = planned(g, device, given, "float32")
    assert [s.kernel for s in plan.steps] == ["cuda:blend_all"] and not plan.uncapturable
    for turn in range(3):
        plan.run()
        for k in range(len(SIZES)):
            want = given[f"new{k}"] + (given[f"old{k}"] - given[f"new{k}"]) * 0.9 ** (turn + 1)
            np.testing.assert_allclose(device.fetch(plan.steps[0].outs[k]), want, rtol=1e-5, atol=1e-6)


@needs_compiler
def test_results_that_are_no_updates_come_beside(rng):
    given, device = values(rng), fake_device()
    joined = join_updates(averages()).updates[0].value.node
    g = Graph(tuple(joined[k] for k in range(len(SIZES))))
    plan = planned(g, device, given, "float32")
    plan.run()
    for got, want in zip(results(plan, device), evaluate(g, given)[0], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_the_reference_is_that_of_single_ones(rng):
    given = values(rng)
    g = averages("float64")
    one, many = (evaluate(Graph(tuple(u.value for u in x.updates)), given)[0] for x in (g, join_updates(g).check()))
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("compiled", [False, True])
def test_averages_of_a_net_are_joined_where_kernels_are_compiled(compiled):
    h = variable("data", TensorType((4, 8)), "input")
    for k in range(2):
        sides = [variable(f"{n}{k}", TensorType((8,)), "parameter") for n in ("gamma", "beta")]
        sides += [variable(f"{n}{k}", TensorType((8,)), "auxiliary") for n in ("mean", "var")]
        h = apply(ops.get("batch_norm"), f"bn{k}", h, *sides)
    loss = apply(ops.get("make_loss"), "loss", h)
    g, _ = for_training(Graph((loss,)), ["gamma0"], vocabulary=ops.vocabulary(), options=Options(), compiled=compiled)
    assert len({u.value.node for u in g.updates}) == (1 if compiled else 4)
