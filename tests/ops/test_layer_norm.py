import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.ops.layer_norm import BACKWARD, OP, Params
from tests.backends.cuda.fake import fake_device
from tests.contract.kernels import close, reference, run_kernel, typed
from tests.contract.operators import FAST, Case, check_operator, evaluate, gradients, rounded

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"data": (4, 10)}, {}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 16)}, {"eps": 0.1}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {}, fast=True),
    Case({"data": (2, 3, 4, 5)}, {"axis": 1}),
    Case({"data": (6, 4)}, {"axis": 0}),
    Case({"data": (9,)}, {}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("layer_norm", case, rng)


def test_values_are_mxnets():
    op = ops.get("layer_norm")
    shapes = {"data": (2, 3), "gamma": (3,), "beta": (3,)}
    node = apply_node(op, "n", [variable(n, TensorType(s)) for n, s in shapes.items()], op.params(eps=0.1))
    given = {
        "data": np.array([[-1, 0, 2], [-3, 1, 0.5]]),
        "gamma": np.array([1, 2, 3.0]),
        "beta": np.array([0, 1, 0.0]),
    }
    (y,), _ = evaluate(Graph((node[0],)), given)
    np.testing.assert_allclose(y, [[-1.0362555, 0.48187226, 3.885958], [-1.3832083, 2.6598501, 1.65985]], rtol=1e-6)


def test_the_width_follows_from_gamma():
    op = ops.get("layer_norm")
    ins, _ = infer(op, op.params(), [PartialType((2, None)), PartialType((7,)), UNKNOWN], [UNKNOWN] * 3, "n")
    assert ins[0].shape == (2, 7)
    assert ins[2].shape == (7,)


def over_channels_of_images():
    """A convolution's images, normalised over their channels."""
    data = variable("data", TensorType((2, 3, 5, 4)), "parameter")
    weight = variable("weight", TensorType((6, 3, 1, 1)), "parameter")
    conv = ops.get("convolution")
    images = apply_node(conv, "conv", [data, weight], conv.params(num_filter=6, kernel=1, no_bias=True))[0]
    learned = [variable(n, TensorType((6,)), "parameter") for n in ("gamma", "beta")]
    op = ops.get("layer_norm")
    return apply_node(op, "norm", [images, *learned], op.params(axis=1))


def test_channels_last_images_are_normalised_as_they_lie(rng):
    node = over_channels_of_images()
    shapes = {"data": (2, 3, 5, 4), "weight": (6, 3, 1, 1), "gamma": (6,), "beta": (6,)}
    values = {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
    (want,), _ = evaluate(Graph((node[0],)), values)
    (got,), kernels = evaluate(Graph((node[0],)), values, FAST)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
    assert "reference" not in kernels
    g, found, more = gradients(node, list(shapes), [rng.standard_normal(want.shape).astype(np.float32)])
    exact, _ = evaluate(g, {**values, **more})
    fast, kernels = evaluate(g, {**values, **more}, FAST)
    assert "reference" not in kernels
    for name, a, b in zip(found, fast, exact, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", [(5, 7), (300, 33), (2, 3, 1500)], ids=str)
def test_a_gpus_kernels_over_rows(rng, shape, dtype):
    t, one, statistic = TensorType(shape, dtype), TensorType(shape[-1:]), TensorType(shape[:-1])
    node = typed(OP, Params(), [t, one, one], [t, statistic, statistic])
    x, dy = (rounded(rng.standard_normal(shape) + 3, dtype) for _ in range(2))
    gamma, beta = rng.standard_normal((2, *one.shape))
    want, _ = reference(node, [x, gamma, beta])
    got, _, name = run_kernel(node, "cuda", fake_device(), [x, gamma, beta])
    assert name == "cuda:layer_norm"
    back = typed(BACKWARD, Params(), [t, t, one, statistic, statistic], [t, one, one])
    values = [dy, x, gamma, got[1], got[2]]
    want_back, _ = reference(back, values)
    got_back, _, name = run_kernel(back, "cuda", fake_device(), values)
    assert name == "cuda:layer_norm"
    for i, (a, b) in enumerate(zip((*got, *got_back), (*want, *want_back), strict=True)):
        close(a, b, dtype if i % 3 == 0 else "float32", f"{i}")
