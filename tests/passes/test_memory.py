from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxtrain.base.device import REFERENCE
from mxtrain.base.random import STATE, STATE_DTYPE, STATE_SHAPE
from mxtrain.base.types import PartialType
from mxtrain.graph import Graph, Op, Recipe, Update, apply_node
from mxtrain.passes import Options, compile_graph, for_training, plan_memory
from mxtrain.passes.memory import _Buffer, _most_alive, _offsets, _placed
from mxtrain.passes.select import select_kernels
from tests.contract.memory_plan import problems

NBYTES = 64 * 4


@pytest.fixture
def planned(vocabulary):
    """The memory plan of a graph on reference kernels, checked."""

    def make(g, strategy="both", hoist=True, fixed=None):
        options = Options(strategy=strategy, fuse=False, hoist=hoist)
        compiled = compile_graph(g, REFERENCE, vocabulary=vocabulary, options=options, fixed=fixed)
        assert problems(compiled) == []
        return compiled.memory

    return make


def chain_of(op, x, length):
    for _ in range(length):
        x = op("tanh", x)
    return x


@pytest.mark.parametrize(("strategy", "buffers"), [("none", 6), ("inplace", 1), ("co-share", 2), ("both", 1)])
def test_each_strategy_needs_what_it_should(op, var, planned, strategy, buffers):
    y = chain_of(op, var("x", (64,), "input"), 6)
    assert planned(Graph((y,)), strategy).block == buffers * NBYTES


def test_what_is_read_again_is_not_written_over(op, var, planned):
    a = op("tanh", var("x", (64,), "input"))
    y = op("elemwise_add", op("sin", a), a)
    assert planned(Graph((y,))).block == 2 * NBYTES
    assert planned(Graph((y, a))).block == 2 * NBYTES


def test_a_view_shares_the_buffer_and_keeps_it_alive(op, var, planned):
    a = op("tanh", var("x", (2, 4, 8), "input"))
    flat = op("flatten", a)
    memory = planned(Graph((op("tanh", flat), op("sin", a))))
    assert memory.block == 2 * NBYTES


def test_what_depends_on_parameters_alone_is_kept(op, var, planned):
    w, x = var("w", (64,)), var("x", (64,), "input")
    g = Graph((op("elemwise_mul", x, op("tanh", w, name="once")),))
    memory = planned(g)
    assert [n.name for n in memory.pack] == ["once"] and memory.persistent == NBYTES
    assert planned(g, hoist=False).pack == ()


def test_what_a_run_changes_is_not_kept_nor_what_is_made_of_it(op, var, planned):
    w, x, moving = var("w", (64,)), var("x", (64,), "input"), var("moving", (64,), "auxiliary")
    new = op("sin", w, name="new")
    read = op("elemwise_mul", op("elemwise_mul", x, op("tanh", moving)), op("tanh", new))
    memory = planned(Graph((read,), (Update(moving.node, new),)))
    assert memory.pack == () and [n.name for n in memory.steps].count("new") == 1


def test_what_only_packs_read_is_not_kept(op, var, planned):
    w, x = var("w", (64,)), var("x", (64,), "input")
    packed = op("sin", op("tanh", op("sin", w)))
    g = Graph((op("elemwise_mul", x, packed),))
    memory = planned(g)
    assert len(memory.pack) == 3 and memory.persistent == NBYTES and memory.block == 2 * NBYTES
    assert planned(g, "none").persistent == 3 * NBYTES


def test_what_a_kept_view_looks_at_is_kept(op, var, planned):
    w, x = var("w", (2, 32)), var("x", (64, 1), "input")
    looked = op("reshape", op("tanh", w), shape=(64, 1))
    memory = planned(Graph((op("elemwise_mul", x, op("identity", looked)), op("elemwise_add", x, looked))))
    assert memory.persistent == 2 * NBYTES


def test_an_update_is_written_in_place_where_nobody_needs_the_old_value(op, var, planned):
    w, x = var("w", (64,)), var("x", (64,), "input")
    new = op("elemwise_sub", w, x)
    memory = planned(Graph((), (Update(w.node, new),)))
    assert (memory.copies, memory.block) == ((), 0)
    assert {p.name for p in memory.places.values()} == {"w"}


def test_an_update_is_copied_where_the_old_value_is_still_read(op, var, planned):
    w, x = var("w", (64,)), var("x", (64,), "input")
    late = op("tanh", op("elemwise_mul", op("sin", op("elemwise_sub", w, x, name="new")), w))
    new = next(n for n in Graph((late,)).nodes if n.name == "new")[0]
    memory = planned(Graph((late,), (Update(w.node, new),)))
    assert [name for _, name in memory.copies] == ["w"]


def test_an_update_does_not_write_over_what_its_own_kernel_reads(op, var, planned):
    w, x = var("w", (8, 8)), var("x", (8, 8), "input")
    memory = planned(Graph((), (Update(w.node, op("dot", w, x)),)))
    assert [name for _, name in memory.copies] == ["w"]


def test_an_update_is_copied_where_a_view_of_the_old_value_is_still_read(op, var, planned):
    w, x = var("w", (64,)), var("x", (64,), "input")
    new, seen = op("elemwise_sub", w, x), op("reshape", w, shape=(8, 8))
    late = op("broadcast_mul", seen, op("sum", new))
    memory = planned(Graph((late,), (Update(w.node, new),)))
    assert [name for _, name in memory.copies] == ["w"]


def test_random_draws_are_not_kept(op, var, planned):
    noisy = op("dropout", var("w", (64,)), var(STATE, STATE_SHAPE, "constant", STATE_DTYPE), p=0.5)
    assert planned(Graph((noisy,))).pack == ()


@pytest.mark.parametrize(
    ("shapes", "inputs", "inplace", "shared"),
    [
        (((64,),), (0,), ((0, 0),), 1),
        (((64,),), (0, 0), ((0, 0),), 0),
        (((64,),), (0, 0), ((0, 0), (1, 0)), 1),
        (((128,),), (0,), ((0, 0),), 0),
        (((64,), (64,)), (0,), ((0, 0), (0, 1)), 1),
    ],
    ids=["dies here", "read beside", "both of its reads", "larger", "two outputs"],
)
def test_where_a_kernel_may_write_over_its_input(op, var, shapes, inputs, inplace, shared):
    a = op("tanh", var("x", (64,), "input"))
    names = tuple(f"in{k}" for k in inputs), tuple(f"out{k}" for k in range(len(shapes)))
    toy = Op("toy", lambda p, ins, outs: (ins, [PartialType(s, "float32") for s in shapes]), inputs=names[0],
             outputs=names[1])  # fmt: skip
    node = apply_node(toy, "toy", [a] * len(inputs), toy.params())
    g = Graph(tuple(node[k] for k in range(len(shapes))))
    recipes = {a.node: Recipe(lambda *_: None), node: Recipe(lambda *_: None, inplace=inplace)}
    places = plan_memory(g, recipes).places
    assert sum(places[e] == places[a] for e in g.outputs) == shared


def test_two_variables_may_change_places(op, var, planned):
    a, b = var("a", (64,), "state"), var("b", (64,), "state")
    swapped = Graph((), (Update(a.node, op("identity", b)), Update(b.node, op("identity", a))))
    assert len(planned(swapped).copies) + sum(p.space == "variable" for p in planned(swapped).places.values()) == 2


def test_a_gradient_lies_in_the_storage_named_for_it(op, var, planned):
    y = op("tanh", var("x", (64,), "input"))
    memory = planned(Graph((y,)), fixed={0: "grad:w"})
    assert [p.name for p in memory.places.values()] == ["grad:w"] and memory.copies == ()


def test_a_gradient_is_made_in_every_run(op, var, planned):
    """Also one of a penalty, which depends on parameters alone: other devices' are added to it where it lies."""
    w, x = var("w", (64,)), var("x", (64,), "input")
    penalty = op("mul_scalar", w, scalar=2.0, name="penalty")
    memory = planned(Graph((penalty, op("elemwise_mul", x, op("tanh", penalty)))), fixed={0: "grad:w"})
    assert memory.pack == () and [p.name for e, p in memory.places.items() if e.node.name == "penalty"] == ["grad:w"]


def test_one_gradient_for_two_is_copied_to_the_second(op, var, planned):
    y = op("tanh", var("x", (64,), "input"))
    memory = planned(Graph((y, op("identity", y))), fixed={0: "grad:v", 1: "grad:w"})
    assert {p.name for p in memory.places.values()} | {name for _, name in memory.copies} == {"grad:v", "grad:w"}


def test_a_gradient_in_another_axis_order_is_copied(op, var, vocabulary, rng):
    x, w = var("x", (2, 3, 5, 6), "input"), var("w", (4, 3, 2, 2))
    h = op("convolution", x, w, kernel=2, num_filter=4, no_bias=True)
    compiled = compile_graph(Graph((h,)), REFERENCE, vocabulary=vocabulary, options=Options(), fixed={0: "grad:b"})
    assert problems(compiled) == []
    assert [name for _, name in compiled.memory.copies] == ["grad:b"]


def test_scratch_is_planned_like_any_buffer(op, var, vocabulary):
    y = op("sin", op("tanh", var("x", (64,), "input")))
    selected = select_kernels(Graph((y,)), REFERENCE, vocabulary=vocabulary)
    hungry = {n: dataclasses.replace(r, scratch=100) for n, r in selected.recipes.items()}
    memory = plan_memory(selected.graph, hungry, strategy="both")
    assert len(memory.scratch) == 2 and memory.block == NBYTES + 128
    apart = plan_memory(selected.graph, hungry, strategy="none")
    assert apart.block == 2 * NBYTES + 2 * 128


def test_offsets_are_aligned(op, var, planned):
    g = Graph(tuple(op("tanh", var(f"x{k}", (k + 1,), "input")) for k in range(5)))
    memory = planned(g, "none")
    assert np.unique([p.offset % 64 for p in memory.places.values()]).tolist() == [0] and memory.block == 5 * 64


def test_the_checker_sees_what_is_wrong(op, var, vocabulary):
    y = op("elemwise_add", op("tanh", var("x", (64,), "input"), name="a"), op("sin", var("z", (64,), "input")))
    compiled = compile_graph(
        Graph((y,)), REFERENCE, vocabulary=vocabulary, options=Options(fuse=False, strategy="none")
    )
    same = {e: p._replace(offset=0) for e, p in compiled.memory.places.items()}
    broken = dataclasses.replace(compiled, memory=dataclasses.replace(compiled.memory, places=same))
    assert any("reads a_output, which has been overwritten" in p for p in problems(broken))


def calls_of(function):
    """How many calls, of Python functions and of C's, a function makes."""
    count = [0]

    def see(frame, event, arg):
        count[0] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count[0]


@pytest.mark.parametrize("strategy", ["none", "inplace", "both"])
def test_planning_twice_the_nodes_takes_twice_the_calls(op, var, vocabulary, strategy):
    counts = []
    for length in (300, 600):
        x, kept = var("x", (64,), "input"), []
        for k in range(length):
            x = op("sin" if k % 3 else "tanh", op("elemwise_add", x, kept[-7]) if k % 5 == 4 and len(kept) > 7 else x)
            kept.append(x)
        selected = select_kernels(Graph((x,)), REFERENCE, vocabulary=vocabulary)
        counts.append(calls_of(lambda s=selected: plan_memory(s.graph, s.recipes, strategy=strategy)))
    assert counts[1] < 2.2 * counts[0]


@pytest.mark.parametrize("strategy", ["both", "recompute"])
def test_compiling_twice_the_layers_takes_twice_the_calls(op, var, vocabulary, strategy):
    counts = []
    for length in (24, 48):
        x, names = var("x", (4, 8), "input"), [f"w{k}" for k in range(length)]
        for name in names:
            x = op("tanh", op("fully_connected", x, var(name, (8, 8)), num_hidden=8, no_bias=True))
        net = Graph((op("softmax_output", x, var("label", (4,), "input")),))
        options = Options(strategy=strategy)

        def whole(net=net, names=names, options=options):
            g, grads = for_training(net, names, vocabulary=vocabulary, options=options)
            first = len(g.outputs) - len(grads)
            fixed = {first + i: f"grad:{n}" for i, n in enumerate(grads)}
            compile_graph(g, REFERENCE, vocabulary=vocabulary, options=options, fixed=fixed)

        counts.append(calls_of(whole))
    # Recomputing tries a number of cuts that grows with the places where it may cut.
    assert counts[1] < (2.2 if strategy == "both" else 2.7) * counts[0]


def test_what_ended_on_top_is_placed_first_when_that_is_smaller():
    # Two large maps one after the other, what pooling leaves of the second, and the scratch and output that meet it.
    lives = [(12, 0, 1), (12, 1, 2), (3, 2, 3), (10, 3, 3), (6, 3, 4)]
    buffers = [_Buffer(64 * size, first, last) for size, first, last in lives]
    assert _placed(sorted(buffers, key=lambda b: -b.nbytes)).top == 64 * 27
    assert _offsets(buffers, True) == _most_alive(buffers) == 64 * 24


@example([(8, 2, 0), (6, 3, 1), (7, 0, 3), (9, 4, 1), (4, 1, 3)]).via("a packing tried later is larger")
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 9), st.integers(0, 4)), max_size=12))
def test_buffers_that_live_together_lie_apart(lives):
    buffers = [_Buffer(64 * size, first, first + more) for size, first, more in lives]
    top = _offsets(buffers, True)
    assert _most_alive(buffers) <= top <= _placed(sorted(buffers, key=lambda b: (-b.nbytes, b.first))).top
    for k, a in enumerate(buffers):
        assert 0 <= a.place.offset and a.place.offset + a.nbytes <= top
        for b in buffers[:k]:
            together = a.first <= b.last and b.first <= a.last and a.nbytes and b.nbytes
            assert (
                not together
                or a.place.offset + a.nbytes <= b.place.offset
                or b.place.offset + b.nbytes <= a.place.offset
            )
