from __future__ import annotations

from mxtrain.base.random import STATE, STATE_DTYPE, STATE_SHAPE
from mxtrain.graph import Graph, Update
from mxtrain.passes.precision import set_precision


def dtypes(g):
    return {n.name: n.types[0].dtype for n in g.nodes}


def net(op, var):
    x, w = var("x", (4, 3), "input"), var("w", (5, 3))
    h = op("fully_connected", x, w, num_hidden=5, no_bias=True, name="fc")
    return op("softmax_output", op("tanh", h, name="act"), var("label", (4,), "input"), name="head")


def test_float32_changes_nothing(op, var, vocabulary):
    g = Graph((net(op, var),))
    assert set_precision(g, "float32", vocabulary=vocabulary) is g


def test_narrow_operators_compute_narrow_followers_follow_the_others_stay_wide(op, var, vocabulary):
    g = set_precision(Graph((net(op, var),)), "bfloat16", vocabulary=vocabulary).check()
    found = dtypes(g)
    assert (found["fc"], found["act"], found["head"]) == ("bfloat16", "bfloat16", "float32")
    assert (found["w"], found["x"], found["label"]) == ("float32", "float32", "float32")
    assert g.outputs[0].type.dtype == "float32"


def test_outputs_and_updates_keep_their_type(op, var, vocabulary):
    x, w = var("x", (4, 3), "input"), var("w", (5, 3))
    h = op("fully_connected", x, w, num_hidden=5, no_bias=True)
    state = var("s", (4, 5), "state")
    g = set_precision(Graph((h,), (Update(state.node, h),), (("l", h),)), "bfloat16", vocabulary=vocabulary).check()
    assert {e.type.dtype for e in g.heads} == {"float32"}


def test_each_cast_is_made_once(op, var, vocabulary):
    x, w = var("x", (4, 3), "input"), var("w", (3, 3))
    heads = [op("fully_connected", x, w, num_hidden=3, no_bias=True) for _ in range(2)]
    g = set_precision(Graph((op("add_n", *heads, num_args=2),)), "bfloat16", vocabulary=vocabulary)
    casts = [n for n in g.nodes if n.op is vocabulary.reorder]
    assert sorted(n.inputs[0].node.name for n in casts if n.inputs[0].node.op is None) == ["w", "x"]
    assert len({n.name for n in g.nodes}) == len(g.nodes)


def test_statistics_stay_wide(op, var, vocabulary):
    kinds = ("parameter", "parameter", "auxiliary", "auxiliary")
    statistics = [var(n, (3,), k) for n, k in zip(("gamma", "beta", "mean", "var"), kinds, strict=True)]
    y = op("batch_norm", var("x", (4, 3), "input"), *statistics, name="bn")
    g = set_precision(Graph((y,)), "bfloat16", vocabulary=vocabulary).check()
    bn = next(n for n in g.nodes if n.name == "bn")
    assert [t.dtype for t in bn.types[:3]] == ["bfloat16", "float32", "float32"]
    assert [e.type.dtype for e in bn.inputs] == ["bfloat16", *["float32"] * 4]


def test_what_is_no_float_stays_as_it_is(op, var, vocabulary):
    h = op("fully_connected", var("x", (4, 3), "input"), var("w", (3, 3)), num_hidden=3, no_bias=True)
    y = op("dropout", h, var(STATE, STATE_SHAPE, "state", STATE_DTYPE), name="drop")
    g = set_precision(Graph((y,)), "bfloat16", vocabulary=vocabulary).check()
    drop = next(n for n in g.nodes if n.name == "drop")
    assert [e.type.dtype for e in drop.inputs] == ["bfloat16", STATE_DTYPE]
