import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import CHANNELS_LAST, UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.ops._deconvolution import BACKWARD_WEIGHTS, Backward, Geometry, fast_backward_weights
from mxtrain.passes import Options, for_prediction
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cudnn, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import FAST, Case, check_operator, evaluate

BOTH = ("float32", "bfloat16")
BIAS = {"no_bias": False}
CASES = [
    Case({"data": (2, 3, 5, 4)}, {"kernel": 3, "num_filter": 5, **BIAS}, fast=True, dtypes=BOTH),
    Case({"data": (2, 16, 5, 6)}, {"kernel": 4, "num_filter": 8, "stride": 2, "pad": 1}, fast=True, dtypes=BOTH),
    Case({"data": (2, 4, 5, 4)}, {"kernel": (3, 2), "num_filter": 6, "stride": (2, 1), "pad": (1, 0)}, fast=True),
    Case({"data": (2, 4, 4, 4)}, {"kernel": 3, "num_filter": 6, "num_group": 2, "stride": 2, **BIAS}, fast=True),
    Case({"data": (2, 6, 4, 5)}, {"kernel": 4, "num_filter": 6, "num_group": 6, "stride": 2, "pad": 1}, fast=True),
    Case({"data": (2, 3, 4, 4)}, {"kernel": 3, "num_filter": 4, "stride": 2, "pad": 1, "adj": 1, **BIAS}, fast=True),
    Case({"data": (1, 3, 4, 4)}, {"kernel": 3, "num_filter": 4, "stride": 3, "adj": (2, 1)}, fast=True),
    Case({"data": (1, 2, 4, 5)}, {"kernel": 3, "num_filter": 4, "stride": 2, "dilate": 2}, fast=True),
    Case({"data": (2, 3, 4, 5)}, {"kernel": 4, "num_filter": 4, "stride": 2, "target_shape": (7, 9)}, fast=True),
    Case({"data": (2, 3, 6)}, {"kernel": (4,), "num_filter": 4, "stride": (2,), "pad": (1,), **BIAS}, fast=True),
    Case({"data": (1, 2, 3, 3, 3)}, {"kernel": (3, 3, 3), "num_filter": 3, "stride": (2, 2, 2)}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("deconvolution", case, rng)


def typed(data, **params):
    op = ops.get("deconvolution")
    p = op.params(**params)
    return infer(op, p, [PartialType(data), *[UNKNOWN] * (2 - p.no_bias)], [UNKNOWN], "up")


def values(**params):
    op = ops.get("deconvolution")
    x, w = variable("x", TensorType((1, 1, 2))), variable("w", TensorType((1, 1, 3)))
    node = apply_node(op, "up", (x, w), op.params(num_filter=1, kernel=(3,), stride=(2,), **params))
    given = {"x": np.array([[[1.0, 2.0]]]), "w": np.array([[[1.0, 10.0, 100.0]]])}
    return evaluate(Graph((node[0],)), given)[0][0].ravel().tolist()


def test_windows_overlap_and_add():
    assert values() == [1, 10, 102, 20, 200]
    assert values(adj=(1,)) == [1, 10, 102, 20, 200, 0]
    assert values(pad=(1,)) == [10, 102, 20]


def test_the_target_is_cut_out_of_the_middle_and_an_odd_rest_at_the_front():
    assert values(target_shape=(3,)) == [10, 102, 20]
    assert values(target_shape=(4,)) == [10, 102, 20, 200]


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({"kernel": 3, "stride": 2, "pad": 1, "adj": 1}, (10, 8)),
        ({"kernel": 4, "stride": 2, "target_shape": (11, 9), "pad": 7, "adj": 1}, (11, 9)),
        ({"kernel": 3, "stride": 2, "dilate": 2, "target_shape": 9}, (9, 9)),
        ({"kernel": 3, "target_shape": 0}, (7, 6)),
    ],
)
def test_sizes_are_mxnets(params, size):
    (_, weight), (out,) = typed((2, 4, 5, 4), num_filter=6, num_group=2, **params)
    assert weight.shape[:2] == (4, 3)
    assert out.shape == (2, 6, *size)


def test_channels_follow_from_the_weight():
    op = ops.get("deconvolution")
    p = op.params(num_filter=6, kernel=3)
    ins, _ = infer(op, p, [UNKNOWN, PartialType((4, 6, 3, 3))], [UNKNOWN], "up")
    assert ins[0].shape == (None, 4, None, None)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"kernel": 3, "stride": 2, "adj": 2}, r"up: adj \(2, 2\) must be less than the stride \(2, 2\)"),
        ({"kernel": 4, "target_shape": (30, 1)}, r"target_shape \(30, 1\) must be .* at most \(8, 7\)"),
        ({"kernel": 3, "target_shape": (0, 3)}, "must be at least 1"),
        ({"kernel": 1, "pad": 2}, "leaves nothing of the output"),
        ({"kernel": 3, "num_group": 4}, "num_filter 6 must be a multiple of num_group 4"),
        ({"kernel": 3, "num_group": 3}, "4 channels of 'data' must be a multiple of num_group 3"),
        ({"kernel": (3,)}, r"must have the axes \(N, C, S\)"),
        ({"kernel": 3, "adj": (0, 0, 0)}, r"adj \(0, 0, 0\) must have one value per spatial axis \(2\)"),
    ],
)
def test_what_cannot_be_is_refused(params, text):
    with pytest.raises(ShapeError, match=text):
        typed((2, 4, 5, 4), num_filter=6, **params)


@pytest.mark.parametrize("groups", [1, 2])
def test_an_activation_is_absorbed(groups, rng):
    op, act = ops.get("deconvolution"), ops.get("activation")
    p = op.params(num_filter=4, kernel=3, stride=2, num_group=groups, no_bias=False)
    shapes = {"x": (2, 4, 5, 5), "w": (4, 4 // groups, 3, 3), "b": (4,)}
    node = apply_node(op, "up", [variable(n, TensorType(s)) for n, s in shapes.items()], p)
    g = Graph((apply_node(act, "relu", (node[0],), act.params(act_type="relu"))[0],))
    given = {n: rng.standard_normal(s) for n, s in shapes.items()}
    want, _ = evaluate(g, given)
    fused = for_prediction(g, options=Options())
    got, kernels = evaluate(fused, given, FAST)
    assert [n.name for n in fused.nodes if n.op] == ["relu"]
    assert any(k.startswith("onednn") for k in kernels)
    np.testing.assert_allclose(got[0], want[0], atol=1e-5)
    np.testing.assert_allclose(evaluate(fused, given)[0][0], want[0], atol=1e-5)


def test_a_weight_gradient_that_reads_an_unwritten_scratchpad_is_left_to_the_reference():
    one, two, zero = (1, 1), (2, 2), (0, 0)
    g = Geometry(1, 1, one, two, one, zero, zero, bias=False)
    shapes = {"x": (3, 30, 2, 1), "dy": (3, 1, 3, 1)}
    for dtype, ours in (("float32", True), ("bfloat16", False)):
        ins = [variable(n, TensorType(s, dtype, CHANNELS_LAST)) for n, s in shapes.items()]
        back = apply_node(BACKWARD_WEIGHTS, "back", ins, Backward(g, shapes["x"]))
        assert (fast_backward_weights(back, FAST) is not None) == ours


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_cudnn(case, dtype, rng):
    with fake_cudnn():
        kernels = check_on(fake_device(), "deconvolution", case, rng, dtype)
    assert sum(k.startswith("cuda:cudnn") for k in kernels) == 3, kernels
