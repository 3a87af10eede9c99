from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply, apply_node, variable
from mxtrain.ops import _attention_cuda, _attention_onednn
from mxtrain.ops._attention import OP, flops
from mxtrain.passes import Options, compile_graph, for_prediction, for_training
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import FAST, Case, build, check_operator, evaluate

BOTH = ("float32", "bfloat16")
SHAPES = {"q": (2, 2, 36, 8), "k": (2, 2, 40, 8), "v": (2, 2, 40, 16)}


def case(query, keys=None, depth=None, fast=True, **params):
    """A case with as many keys as queries, and values as wide as they, unless said otherwise."""
    *batch, rows, width = query
    keys = keys or rows
    shapes = {"query": query, "key": (*batch, keys, width), "value": (*batch, keys, depth or width)}
    return Case(shapes, params, fast=fast, dtypes=BOTH)


CASES = [
    case((2, 3, 33, 8), scale=0.25, training=True),
    case((5, 40, 8), keys=50, depth=24, training=True),
    case((4, 400, 8), keys=500, scale=0.5, training=True),  # more scores than a core's cache: blocks of queries
    case((2, 2, 5, 8), fast=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator(OP, case, rng)


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("case", CASES[:3], ids=str)
def test_both_directions_run_on_the_cpu_without_scores_in_memory(case, dtype, rng, monkeypatch):
    monkeypatch.setattr(_attention_onednn, "wanted", lambda *args, **more: True)
    kernels = check_on(FAST, OP, case, rng, dtype)
    assert kernels.count("onednn:attention") == 2, kernels


@pytest.mark.parametrize("case", [CASES[0], case((3, 33, 8), training=True)], ids=str)
def test_prediction_and_too_few_heads_for_the_threads_stay_apart_on_the_cpu(case, rng):
    params = {**case.params, "training": len(case.shapes["query"]) == 3}
    g = compiled(Graph((build(OP, Case(case.shapes, params), "float32")[0],)), strategy="recompute").graph
    assert operators(g)["batch_dot"] == 2 and OP.name not in operators(g)


@needs_compiler
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", [CASES[0], case((3, 2, 6, 8), keys=5, depth=16, scale=0.5)], ids=str)
def test_cudnn(case, training, dtype, rng, monkeypatch):
    monkeypatch.setattr(_attention_cuda, "_steps", lambda *args: None)
    case = Case(case.shapes, {**case.params, "training": training})
    with fake_cudnn() as fake:
        kernels = check_on(fake_device(), OP, case, rng, dtype)
        runs = [line for line in fake.log if line.startswith("graph of")]
    # The gradient is asked for by itself: it comes with the forward that it reads.
    assert sum(k.startswith("cuda:cudnn:attention") for k in kernels) == 3, kernels
    assert len({line.split(",")[0] for line in runs}) >= 2


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_where_steps_are_faster_or_float32_is_asked_for_they_are_taken(dtype, rng, monkeypatch):
    monkeypatch.setattr(_attention_cuda, "_fused", lambda *args: None)
    with fake_cudnn(), fake_cublaslt():
        kernels = check_on(fake_device(), OP, CASES[0], rng, dtype)
    assert not any("attention" in k for k in kernels)
    assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 7 and "cuda:softmax" in kernels


@needs_compiler
def test_steps_are_timed_as_they_would_run():
    device = fake_device()
    with fake_cublaslt():
        p = _attention_cuda.problem([TensorType((2, 3, 8, 16), "bfloat16")] * 3, 0.25)
        calls = _attention_cuda._steps(device, p, training=True)
        assert len(calls) == 8 and not any(function(*args) for function, args in calls)


def net(rank=4, **changes):
    """Scale, scores, weights and output as a net says them."""
    q, k, v = (variable(n, TensorType(s[4 - rank :]), "parameter") for n, s in SHAPES.items())
    scaled = apply(ops.get("mul_scalar"), "query", q, scalar=0.125)
    scores = apply(ops.get("batch_dot"), "scores", scaled, k, transpose_b=True)
    weights = apply(ops.get("softmax"), "weights", scores, **changes)
    return apply(ops.get("batch_dot"), "mixed", weights, v)


def loss(e):
    """A head that has a gradient."""
    return apply(ops.get("make_loss"), "loss", e)


def operators(g):
    return Counter(n.op.name for n in g.nodes if n.op)


def compiled(g, device=FAST, precision="float32", **options):
    return compile_graph(g, device, vocabulary=ops.vocabulary(), options=Options(precision, **options))


@pytest.mark.parametrize("rank", [3, 4])
def test_what_a_net_says_is_one_operator(rank):
    g = for_prediction(Graph((net(rank),)), options=Options())
    (node,) = [n for n in g.nodes if n.op]
    assert node.op is OP and node.name == "mixed" and node.params.scale == 0.125
    assert node.origins == ("query", "scores", "weights", "mixed")


@pytest.mark.parametrize(
    "heads",
    [
        lambda y: (y, y.node.inputs[0]),  # weights
        lambda y: (y, y.node.inputs[0].node.inputs[0]),  # scores
    ],
)
def test_what_others_read_stays(heads):
    g = for_prediction(Graph(heads(net())), options=Options())
    assert OP.name not in operators(g)


def test_a_scale_that_others_read_stays():
    y = net()
    scaled = y.node.inputs[0].node.inputs[0].node.inputs[0]
    g = for_prediction(Graph((y, scaled)), options=Options())
    assert operators(g) == {"mul_scalar": 1, "attention": 1}


@pytest.mark.parametrize("changes", [{"temperature": 2.0}, {"axis": 2}, {"axis": -2}])
def test_another_softmax_stays(changes):
    assert OP.name not in operators(for_prediction(Graph((net(**changes),)), options=Options()))


def test_a_softmax_with_lengths_stays():
    y = net()
    weights = y.node.inputs[0].node
    length = variable("length", TensorType((2, 2, 36), "int32"), "input")
    some = apply(ops.get("softmax"), "weights", weights.inputs[0], length, use_length=True)
    g = for_prediction(Graph((apply(ops.get("batch_dot"), "mixed", some, y.node.inputs[1]),)), options=Options())
    assert OP.name not in operators(g)


def test_products_that_are_given_otherwise_stay():
    q, k, v = (variable(n, TensorType(s), "parameter") for n, s in SHAPES.items())
    dot, softmax = ops.get("batch_dot"), ops.get("softmax")
    turned = apply(dot, "a", v, apply(softmax, "w", apply(dot, "s", k, q, transpose_b=True)), transpose_a=True)
    assert OP.name not in operators(for_prediction(Graph((turned,)), options=Options()))
    plain = apply(softmax, "w", apply(dot, "s", q, variable("k", TensorType((2, 2, 8, 40)))))
    assert OP.name not in operators(for_prediction(Graph((apply(dot, "y", plain, v),)), options=Options()))


def training(device, precision="float32", **options):
    g, grads = for_training(
        Graph((loss(net()),)), ["q", "k", "v"], vocabulary=ops.vocabulary(), options=Options(precision, **options),
        compiled=device.runtime is not None,
    )  # fmt: skip
    return g, grads


@pytest.mark.parametrize("precision", BOTH)
def test_on_the_cpu_it_stays_one_operator_where_memory_is_worth_time(precision):
    g, _ = training(FAST, precision)
    lean = operators(compiled(g, FAST, precision, strategy="recompute").graph)
    assert lean["attention_backward"] == 1 and "batch_dot" not in lean
    assert OP.name not in operators(compiled(g, FAST, precision).graph)


def test_unmerged_it_is_the_graph_that_was_never_merged():
    merged, apart = compiled(training(FAST)[0]), compiled(training(FAST, fuse=False)[0], fuse=False)
    assert operators(training(FAST)[0])["attention_backward"] == 1
    want = operators(apart.graph)
    want["mul_scalar"] += want.pop("mul_scalar_backward")  # two names of one kernel
    assert operators(merged.graph) == want
    assert {"query", "scores", "weights", "mixed"} <= {n.name for n in merged.graph.nodes}


def test_unmerged_results_are_the_same_bits(rng):
    values = {n: rng.standard_normal(s) for n, s in SHAPES.items()}
    got, _ = evaluate(training(FAST)[0], values, FAST)
    want, _ = evaluate(training(FAST, fuse=False)[0], values, FAST)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


def test_merged_results_are_near(rng, monkeypatch):
    monkeypatch.setattr(_attention_onednn, "wanted", lambda *args, **more: True)
    values = {n: rng.standard_normal(s) for n, s in SHAPES.items()}
    got, kernels = evaluate(training(FAST)[0], values, FAST)
    want, _ = evaluate(training(FAST, fuse=False)[0], values, REFERENCE)
    assert kernels.count("onednn:attention") == 2
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@needs_compiler
def test_on_a_gpu_the_backward_reads_the_one_forward(monkeypatch):
    monkeypatch.setattr(_attention_cuda, "_steps", lambda *args: None)
    device = fake_device()
    with fake_cudnn():
        g = compiled(training(device, "bfloat16")[0], device, "bfloat16").graph
    assert operators(g)["attention"] == operators(g)["attention_backward"] == 1
    (back,) = [n for n in g.nodes if n.op and n.op.name == "attention_backward"]
    assert back.inputs[4].node.op is OP and back.inputs[4].node.name == "mixed"


@pytest.mark.parametrize(
    ("key", "value"), [((2, 2, 40, 9), (2, 2, 40, 16)), ((2, 2, 40, 8), (2, 2, 41, 16)), ((2, 3, 40, 8), (2, 3, 40, 8))]
)
def test_shapes_that_do_not_go_together_are_refused(key, value):
    ins = [variable(n, TensorType(s)) for n, s in zip("qkv", ((2, 2, 36, 8), key, value), strict=True)]
    with pytest.raises(ShapeError, match="attention 'y': 'query' .* do not go together"):
        apply_node(OP, "y", ins, OP.params())


def test_flops_are_those_of_the_products():
    node = build(OP, case((2, 3, 10, 8), keys=20, depth=4), "float32")
    assert flops(node) == 2 * 6 * 10 * 20 * (8 + 4)
