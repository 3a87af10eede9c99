from dataclasses import replace

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import CHANNELS_LAST, PLAIN, TensorType
from mxtrain.graph import Entry, Graph, apply, variable
from mxtrain.ops.batch_norm import BACKWARD, OP, Backward, Fused
from mxtrain.passes import Options, for_training
from tests.backends.cuda.fake import fake_device
from tests.contract.kernels import close, reference, run_kernel, typed
from tests.contract.operators import Case, check_operator, evaluate, rounded

BOTH = ("float32", "bfloat16")
FREE = {"fix_gamma": False, "eps": 1e-2}
CASES = [
    Case({"data": (4, 3, 5, 5)}, FREE, fast=True, dtypes=BOTH),
    Case({"data": (4, 3, 5, 5)}, {}, fast=True),
    Case({"data": (6, 5)}, FREE, fast=True),
    Case({"data": (4, 3, 5, 5)}, {**FREE, "use_global_stats": True}, fast=True),
    Case({"data": (2, 5, 5, 3)}, {**FREE, "axis": -1}),
    Case({"data": (2, 3, 4, 4, 4)}, FREE, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("batch_norm", case, rng)


SHAPES = [(2, 8, 5, 5), (4, 64, 40, 40), (3, 5, 6, 7), (2, 320, 2, 3), (700, 48)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("act", "add"), [(None, False), ("relu", False), ("relu", True), (None, True)])
def test_a_gpus_kernels_where_channels_lie_side_by_side(rng, shape, act, add, dtype):
    t = TensorType(shape, dtype, CHANNELS_LAST if len(shape) > 2 else PLAIN)
    one = TensorType(shape[1:2])
    params = Fused(act=act, add=add, fix_gamma=False, eps=1e-2)
    node = typed(OP, params, [t, one, one, one, one, *[t] * add], [t, one, one, TensorType((0,), "uint8")])
    x = rounded(rng.standard_normal(shape) * 2 + 5, dtype)
    gamma, beta, mean, var = (rng.standard_normal(one.shape) for _ in range(4))
    values = [x, gamma, beta, mean, var**2 + 0.5, *([rounded(rng.standard_normal(shape), dtype)] * add)]
    want, made = reference(node, values)
    got, ours, name = run_kernel(node, "cuda", fake_device(), values)
    assert name == "cuda:batch_norm"
    for i in range(3):
        close(got[i], want[i], "float32" if i else dtype, f"output {i}")
    dy = rounded(rng.standard_normal(shape), dtype)
    back = typed(
        BACKWARD, Backward(params), [t, t, one, one, one, ours.types[3]], [t, one, one, *([t] if act and add else [])]
    )
    got_back, _, name = run_kernel(back, "cuda", fake_device(), [dy, x, gamma, got[1], got[2], got[3]])
    assert name == "cuda:batch_norm"
    slow = replace(back, inputs=(*back.inputs[:5], Entry(replace(back.inputs[5].node, types=(made.types[3],)))))
    # The mask is the kernel's own: where a value is rounded across zero, dy goes the way the output went.
    alive = (got[0] > 0).reshape(-1).astype(np.uint8) if act else np.zeros(0, np.uint8)
    want_back, _ = reference(slow, [dy, x, gamma, got[1], got[2], alive])
    for i, (a, b) in enumerate(zip(got_back, want_back, strict=True)):
        close(a, b, "float32" if i in (1, 2) else dtype, f"gradient {i}")


def test_statistics_of_a_large_mean_keep_their_digits(rng):
    t, one = TensorType((4096, 8)), TensorType((8,))
    node = typed(OP, Fused(act=None), [t, one, one, one, one], [t, one, one, TensorType((0,), "uint8")])
    x = (rng.standard_normal(t.shape) + 1e4).astype(np.float32)
    got, _, _ = run_kernel(node, "cuda", fake_device(), [x, *np.zeros((4, 8))])
    np.testing.assert_allclose(got[2], x.astype(np.float64).var(axis=0), rtol=2e-3)


def test_a_gpus_normalisation_absorbs_the_sum_after_it(rng):
    shapes = {"x": (2, 8, 5, 5), "w": (8, 8, 1, 1), "gamma": (8,), "beta": (8,), "mean": (8,), "var": (8,)}
    x, w, *rest = (variable(n, TensorType(s), "auxiliary" if n in ("mean", "var") else "parameter")
                   for n, s in shapes.items())  # fmt: skip
    conv = apply(ops.get("convolution"), "conv", x, w, num_filter=8, kernel=(1, 1), no_bias=True)
    y = apply(OP, "bn", conv, *rest, fix_gamma=False)
    for name, act in (("relu", True), ("none", False)):
        total = apply(ops.get("elemwise_add"), "sum", y, x)
        head = apply(ops.get("relu"), name, total) if act else total
        loss = apply(ops.get("make_loss"), "loss", apply(ops.get("square"), "square", head))
        values = {n: rng.standard_normal(s) + (2 if n == "var" else 0) for n, s in shapes.items()}
        wrt, vocabulary = ["x", "w", "gamma", "beta"], ops.vocabulary()
        found = []
        for compiled in (False, True):
            g, _ = for_training(Graph((loss,)), wrt, vocabulary=vocabulary, options=Options(), compiled=compiled)
            g = replace(g, updates=())
            assert any(getattr(n.params, "add", False) for n in g.nodes) is compiled
            found.append(evaluate(g, values, fuse=True)[0])
            if compiled:
                found.append(evaluate(g, values, fake_device(), fuse=True)[0])
        for other in found[1:]:
            for a, b in zip(other, found[0], strict=True):
                close(a, b, "float32")
