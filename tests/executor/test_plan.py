from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import BackendUnavailable
from mxtrain.executor import Block, bind, storage_of
from mxtrain.graph import Graph, Recipe, Update
from mxtrain.passes import Options, compile_graph


@pytest.fixture
def compiled(vocabulary):
    def make(g, fixed=None, **options):
        return compile_graph(g, REFERENCE, vocabulary=vocabulary, options=Options(**options), fixed=fixed)

    return make


def test_inputs_go_in_and_outputs_come_out(op, var, compiled):
    x = var("x", (2, 3), "input")
    plan = bind(compiled(Graph((op("tanh", x), op("sin", x)))), REFERENCE, storage_of({}))
    for scale in (1, 2):
        value = scale * np.arange(6, dtype=np.float32).reshape(2, 3)
        plan.inputs["x"][...] = value
        plan.run()
        np.testing.assert_array_equal(plan.outputs, [np.tanh(value), np.sin(value)])
    assert plan.input_types["x"] == x.type


def test_an_output_may_be_a_variable(op, var, compiled):
    w = np.ones((2, 3), np.float32)
    plan = bind(compiled(Graph((var("w"), var("x", (2,), "input")))), REFERENCE, storage_of({"w": w}))
    plan.inputs["x"][...] = 5
    plan.run()
    assert plan.outputs[0] is w and plan.outputs[1].tolist() == [5, 5]


def test_packs_run_when_the_version_grows_and_not_before(op, var, compiled):
    w = np.full((2, 3), 2.0, np.float32)
    version = [0]
    g = Graph((op("elemwise_mul", op("square", var("w")), var("x", (2, 3), "input")),))
    plan = bind(compiled(g, fuse=False), REFERENCE, storage_of({"w": w}), version=lambda: version[0])
    plan.inputs["x"][...] = 1
    seen = []
    for change, grow in ((2, 0), (3, 0), (3, 1), (4, 1)):
        w[...], version[0] = change, grow
        plan.run()
        seen.append(float(plan.outputs[0][0, 0]))
    assert seen == [4, 4, 9, 9] and len(plan.pack) == 1


def test_plans_that_share_their_packs_pack_again_after_each_other(op, var, compiled):
    store = {"w": np.full((2, 3), 2.0, np.float32), "v": np.full((2, 3), 3.0, np.float32)}
    made = [
        compiled(Graph((op("elemwise_mul", op("square", var(name)), var("x", (2, 3), "input")),)), fuse=False)
        for name in store
    ]
    packs = Block(REFERENCE, made[0].memory.persistent)
    first, second = (bind(c, REFERENCE, storage_of(store), packs=packs) for c in made)
    first.inputs["x"][...] = second.inputs["x"][...] = 1
    seen = []
    for plan in (first, first, second, first, second):
        plan.run()
        seen.append(float(plan.outputs[0][0, 0]))
    assert seen == [4, 4, 9, 4, 9]
    store["w"][...] = 7  # without a new version, only a plan that has lost its packs sees the change
    second.run()
    first.run()
    assert float(first.outputs[0][0, 0]) == 49


def test_packs_that_failed_are_made_again(op, var, compiled):
    store = {"w": np.full((2, 3), 2.0, np.float32)}
    made = compiled(Graph((op("elemwise_mul", op("square", var("w")), var("x", (2, 3), "input")),)), fuse=False)
    packs = Block(REFERENCE, made.memory.persistent)
    first, second = (bind(made, REFERENCE, storage_of(store), packs=packs) for _ in range(2))
    first.inputs["x"][...] = 1
    first.run()
    second.run()
    good = list(first.pack)
    first.pack[:] = [s._replace(call=(lambda: 3, ())) for s in good]
    with pytest.raises(BackendUnavailable, match="status 3"):
        first.run()
    first.pack[:] = good
    packs.buffer[...] = 0
    first.run()
    assert float(first.outputs[0][0, 0]) == 4


@pytest.mark.parametrize("strategy", ["none", "both"])
def test_updates_see_old_values_alone(op, var, compiled, strategy):
    a, b = var("a", (3,), "state"), var("b", (3,), "state")
    g = Graph((), (Update(a.node, op("identity", b)), Update(b.node, op("plus_scalar", a, scalar=10.0))))
    store = {"a": np.zeros(3, np.float32), "b": np.ones(3, np.float32)}
    plan = bind(compiled(g, strategy=strategy), REFERENCE, storage_of(store))
    plan.run()
    assert (store["a"].tolist(), store["b"].tolist()) == ([1] * 3, [10] * 3)
    plan.run()
    assert (store["a"].tolist(), store["b"].tolist()) == ([10] * 3, [11] * 3)


def test_fixed_outputs_end_in_their_storage(op, var, compiled):
    y = op("tanh", var("x", (4,), "input"))
    store = {"grad:v": np.zeros(4, np.float32), "grad:w": np.zeros(4, np.float32)}
    g = Graph((op("sin", y), y, op("identity", y)))
    plan = bind(compiled(g, fixed={1: "grad:v", 2: "grad:w"}), REFERENCE, storage_of(store))
    plan.inputs["x"][...] = 1
    plan.run()
    assert store["grad:v"].tolist() == store["grad:w"].tolist() == [np.tanh(np.float32(1))] * 4


def test_constants_have_their_value(op, var, compiled):
    c = var("c", (2,), "constant", value=(1.0, 2.0))
    plan = bind(compiled(Graph((op("elemwise_add", c, var("x", (2,), "input")),))), REFERENCE, storage_of({}))
    plan.run()
    assert plan.outputs[0].tolist() == [1, 2] and set(plan.inputs) == {"x"}


def test_plans_share_a_block_that_is_large_enough(op, var, compiled):
    small = compiled(Graph((op("tanh", var("x", (4,), "input")),)))
    large = compiled(Graph((op("tanh", var("x", (400,), "input")),)))
    block = Block(REFERENCE, small.memory.block)
    assert np.shares_memory(bind(small, REFERENCE, storage_of({}), block=block).outputs[0], block.buffer)
    plan = bind(large, REFERENCE, storage_of({}), block=block)
    plan.run()
    assert not np.shares_memory(plan.outputs[0], block.buffer)


@pytest.mark.parametrize("packed", [False, True])
def test_a_kernel_that_reports_a_failure_is_named(op, var, compiled, packed):
    made = compiled(Graph((op("tanh", var("x", (4,), "parameter" if packed else "input"), name="t"),)))
    failing = {n: Recipe(lambda ins, outs, scratch: (lambda: 3, ()), "mine:bad") for n in made.recipes}
    plan = bind(replace(made, recipes=failing), REFERENCE, storage_of({"x": np.zeros(4, np.float32)}))
    with pytest.raises(
        BackendUnavailable, match=r"tanh 't' \(\(4,\) float32 -> \(4,\) float32\): mine:bad failed: status 3"
    ):
        plan.run()


def test_the_step_that_failed_is_named_and_not_one_before(op, var, compiled):
    y = op("sin", op("tanh", var("x", (4,), "input"), name="first"), name="second")
    made = compiled(Graph((y,)), fuse=False)
    recipes = {n: Recipe(lambda *_, n=n: (lambda: 3 * (n.name == "second"), ()), "mine") for n in made.recipes}
    with pytest.raises(BackendUnavailable, match=r"sin 'second' .* failed: status 3"):
        bind(replace(made, recipes=recipes), REFERENCE, storage_of({})).run()


def test_update_rules_allocate_nothing_of_the_arrays_size(op, var, compiled):
    size = 1 << 18
    w, dy, m = var("w", (size,)), var("dy", (size,), "input"), var("m", (size,), "state")
    lr = var("lr", (), "state")
    clipped = op("clip", op("mul_scalar", dy, scalar=0.5), a_min=-1.0, a_max=1.0)
    new_m = op("elemwise_sub", op("mul_scalar", m, scalar=0.9), op("broadcast_mul", clipped, lr))
    scaled = op("elemwise_div", new_m, op("plus_scalar", op("sqrt", op("square", dy)), scalar=1e-8))
    bounded = op("maximum_scalar", op("minimum_scalar", op("abs", scaled), scalar=3.0), scalar=-3.0)
    g = Graph(
        (), (Update(m.node, new_m), Update(w.node, op("elemwise_add", w, op("elemwise_mul", bounded, op("sign", dy)))))
    )
    store = {"w": np.ones(size, np.float32), "m": np.zeros(size, np.float32), "lr": np.array(0.1, np.float32)}
    plan = bind(compiled(g), REFERENCE, storage_of(store))
    assert [s.op for s in plan.steps] == ["chain"]
    plan.inputs["dy"][...] = 1
    plan.run()
    tracemalloc.start()
    try:
        plan.run()
        assert tracemalloc.get_traced_memory()[1] < 4096
    finally:
        tracemalloc.stop()
