from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.executor import bind
from mxtrain.graph import Graph
from mxtrain.passes import Options, compile_graph, for_training, recompute
from tests.contract.memory_plan import problems

AGAIN = "_again"


@pytest.fixture
def compiled(vocabulary):
    """The training plan of a net, checked."""

    def make(*heads, wrt, strategy="recompute", fuse=False):
        options = Options(strategy=strategy, fuse=fuse)
        g, grads = for_training(Graph(heads).check(), wrt, vocabulary=vocabulary, options=options)
        first = len(g.outputs) - len(grads)
        fixed = {first + i: f"grad:{name}" for i, name in enumerate(grads)}
        found = compile_graph(g, REFERENCE, vocabulary=vocabulary, options=options, fixed=fixed)
        assert problems(found) == []
        return found

    return make


@pytest.fixture
def deep(op, var):
    """A deep net of normalised, activated and dropped layers, its loss, and its trained parameters."""

    def make(length=24, drop=True, rows=32):
        x, names = var("x", (rows, 16), "input"), []
        state = var("random_state", (5,), "state", "uint32")
        for k in range(length):
            weight, stats = var(f"w{k}", (16, 16)), [var(f"{n}{k}", (16,)) for n in ("gamma", "beta")]
            moving = [var(f"{n}{k}", (16,), "auxiliary") for n in ("mean", "var")]
            x = op("fully_connected", x, weight, num_hidden=16, no_bias=True, name=f"fc{k}")
            x = op("batch_norm", x, *stats, *moving, fix_gamma=False, name=f"bn{k}")
            x = op("tanh", x, name=f"tanh{k}")
            if drop and k % 3 == 1:
                x = op("dropout", x, state, name=f"drop{k}")
            names += [f"w{k}", f"gamma{k}", f"beta{k}"]
        return op("softmax_output", x, var("label", (rows,), "input"), name="softmax"), names

    return make


def run(compiled, steps=2):
    """All that some steps leave behind."""
    rng = np.random.default_rng(1)
    variables = {n.name: n for n in compiled.graph.nodes if n.op is None}
    arrays = {n: rng.standard_normal(v.types[0].shape).astype(np.float32) for n, v in variables.items()}
    arrays |= {n: a**2 for n, a in arrays.items() if n.startswith("var")}
    arrays["random_state"] = np.array([1, 2, 3, 4, 0], np.uint32)
    for name in {p.name for p in compiled.memory.places.values() if p.name.startswith("grad:")}:
        arrays[name] = np.zeros_like(arrays[name[5:]])
    plan = bind(compiled, REFERENCE, arrays.__getitem__)
    plan.inputs["x"][...], plan.inputs["label"][...] = arrays["x"], np.arange(32) % 16
    for _ in range(steps):
        plan.run()
    return {n: a.copy() for n, a in arrays.items()} | {"loss": plan.losses["softmax"].copy()}


@pytest.mark.parametrize("fuse", [False, True], ids=["plain", "fused"])
def test_a_deep_net_needs_a_fraction_and_gives_the_same_bits(compiled, deep, fuse):
    net, names = deep()
    both = compiled(net, wrt=names, strategy="both", fuse=fuse)
    again = compiled(net, wrt=names, fuse=fuse)
    needed, of = again.memory.block, both.memory.block
    assert needed < 0.75 * of
    want, got = run(both), run(again)
    assert got.keys() == want.keys()
    assert [n for n in want if not np.array_equal(got[n], want[n])] == []


def test_draws_are_made_again_with_the_same_name(compiled, deep):
    net, names = deep()
    steps = [n.name for n in compiled(net, wrt=names).memory.steps]
    assert any(n.startswith("drop") and n.endswith(AGAIN) for n in steps)


def test_statistics_are_moved_once_by_the_first_run(compiled, deep):
    net, names = deep()
    found = compiled(net, wrt=names)
    assert len(found.graph.updates) == 2 * 24
    twins = {n for n in found.graph.nodes if n.name.endswith(AGAIN)}
    assert any(n.name.startswith("bn") for n in twins)
    assert not any(e.node in twins for u in found.graph.updates for e in u.value.node.inputs)


def test_a_node_runs_again_as_late_as_it_may(compiled, deep):
    net, names = deep()
    steps = compiled(net, wrt=names).memory.steps
    forward = [n.name for n in steps].index("softmax")
    for k, n in enumerate(steps):
        if n.name.endswith(AGAIN):
            assert k > forward
            # Between a second run and its first reader stand only second runs.
            reader = next(j for j in range(k + 1, len(steps)) if any(e.node is n for e in steps[j].inputs))
            assert all(m.name.endswith(AGAIN) for m in steps[k + 1 : reader])


@pytest.mark.parametrize("length", [1, 2, 3, 5, 9])
def test_it_never_needs_more(compiled, deep, length):
    net, names = deep(length)
    both, again = (compiled(net, wrt=names, strategy=s).memory.block for s in ("both", "recompute"))
    assert again <= both


def test_without_a_backward_there_is_nothing_to_do(compiled, deep, op, var):
    net, _ = deep(length=6)
    both, again = (compiled(net, wrt=[], strategy=s).memory for s in ("both", "recompute"))
    assert [n.name for n in again.steps] == [n.name for n in both.steps] and again.block == both.block


def test_layers_keep_their_names_in_what_runs_again(compiled, deep):
    net, names = deep()
    for n in compiled(net, wrt=names).graph.nodes:
        if n.name.endswith(AGAIN):
            assert n.origins == (n.name.removesuffix(AGAIN),)


def test_small_results_are_kept(compiled, deep):
    net, names = deep(drop=False, rows=256)
    g = compiled(net, wrt=names).graph
    read = {e for n in g.nodes for e in n.inputs if e.node.name.endswith(AGAIN)}
    assert {e.node.op.name for e in read} >= {"batch_norm"}
    assert all(e.type.shape == (256, 16) for e in read)


@pytest.mark.parametrize("most", [0.0, 0.2, recompute.MOST])
def test_no_more_than_a_part_of_the_forward_runs_again(compiled, deep, monkeypatch, most):
    monkeypatch.setattr(recompute, "MOST", most)
    net, names = deep(length=48)
    found = compiled(net, wrt=names)
    cost = {n.name: recompute._cost(n, found.recipes) for n in found.memory.steps}
    forward = list(cost)[: list(cost).index("softmax") + 1]
    again = sum(c for name, c in cost.items() if name.endswith(AGAIN))
    assert again <= most * sum(cost[name] for name in forward) and (again > 0) == (most > 0)


def test_what_depends_on_parameters_alone_does_not_run_again(compiled, op, var):
    x, names = var("x", (32, 16), "input"), [f"w{k}" for k in range(12)]
    for name in names:
        weight = op("tanh", var(name, (16, 16)), name=f"made_{name}")
        x = op("tanh", op("fully_connected", x, weight, num_hidden=16, no_bias=True))
    found = compiled(op("softmax_output", x, var("label", (32,), "input"), name="softmax"), wrt=names)
    assert {n.name for n in found.memory.pack} >= {f"made_{name}" for name in names}
    again = {n.name for n in found.graph.nodes if n.name.endswith(AGAIN)}
    assert again and not any(name.startswith("made") for name in again)
