import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.passes import Options, for_prediction
from tests.contract.operators import Case, check_operator, evaluate, gradients

BOTH = ("float32", "bfloat16")
KINK = {"kink": (0.0,)}
RANDOM = {"make": {"random_state": lambda rng, shape: [11, 0, 3, 5, 0]}, "fixed": ("random_state",), **KINK}
CASES = [
    Case({"data": (4, 10)}, {}, fast=True, dtypes=BOTH, **KINK),
    Case({"data": (2, 3, 4, 5)}, {"slope": 0.1}, fast=True, **KINK),
    Case({"data": (4, 5)}, {"slope": -0.5}, fast=True, **KINK),
    Case({"data": (4, 5)}, {"slope": 0.0}, fast=True, **KINK),
    Case({"data": (4, 10)}, {"act_type": "elu", "slope": 0.7}, fast=True, dtypes=BOTH, **KINK),
    Case({"data": (4, 10)}, {"act_type": "elu", "slope": -0.7}, fast=True, **KINK),
    Case({"data": (4, 10)}, {"act_type": "selu"}, dtypes=BOTH, **KINK),
    Case({"data": (4, 10)}, {"act_type": "gelu"}, fast=True, dtypes=BOTH),
    Case({"data": (2, 3, 4, 5)}, {"act_type": "prelu"}, fast=True, dtypes=BOTH, **KINK),
    Case({"data": (2, 3, 6)}, {"act_type": "prelu"}, fast=True, **KINK),
    Case({"data": (4, 5)}, {"act_type": "prelu"}, fast=True, **KINK),
    Case({"data": (2, 3, 4, 5), "gamma": (1,)}, {"act_type": "prelu"}, **KINK),
    Case({"data": (7,), "gamma": (1,)}, {"act_type": "prelu"}, **KINK),
    Case({"data": (2, 3, 4, 5)}, {"act_type": "rrelu"}, dtypes=BOTH, **RANDOM),
    Case({"data": (4, 5)}, {"act_type": "rrelu", "lower_bound": 0.5, "upper_bound": 0.5}, **RANDOM),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("leaky_relu", case, rng)


X = np.array([[-1.0, 0.0, 2.0], [-3.0, 1.0, 0.5]])


# MXNet's own, but for the slope of selu: MXNet 1.9.1 forgets that y is scaled (0.590423 instead of 0.6467686).
@pytest.mark.parametrize(
    ("act", "y", "dx"),
    [
        ("leaky", [[-0.3, 0, 2], [-0.9, 1, 0.5]], [[0.3, 0.3, 1], [0.3, 1, 1]]),
        ("elu", [[-0.18963616, 0, 2], [-0.2850639, 1, 0.5]], [[0.11036385, 0.3, 1], [0.01493612, 1, 1]]),
        (
            "selu",
            [[-1.1113307, 0, 2.101402], [-1.6705688, 1.050701, 0.5253505]],
            [[0.6467686, 1.7580993, 1.050701], [0.0875306, 1.050701, 1.050701]],
        ),
        (
            "gelu",
            [[-0.15865527, 0, 1.9544998], [-0.00404987, 0.84134465, 0.3457312]],
            [[-0.08331543, 0.5, 1.0852319], [-0.01194561, 1.0833154, 0.86749506]],
        ),
    ],
)
def test_values_and_slopes(act, y, dx):
    op = ops.get("leaky_relu")
    node = apply_node(op, "a", (variable("data", TensorType((2, 3))),), op.params(act_type=act, slope=0.3))
    np.testing.assert_allclose(evaluate(Graph((node[0],)), {"data": X})[0][0], y, atol=1e-6)
    g, _, more = gradients(node, ["data"], [np.ones((2, 3))])
    np.testing.assert_allclose(evaluate(g, {"data": X} | more)[0][0], dx, rtol=1e-5)


def test_prelu_learns_a_slope_per_channel():
    op = ops.get("leaky_relu")
    ins = (variable("data", TensorType((2, 3))), variable("gamma", TensorType((3,))))
    node = apply_node(op, "a", ins, op.params(act_type="prelu"))
    given = {"data": X, "gamma": np.array([0.1, 0.2, 0.3])}
    np.testing.assert_allclose(evaluate(Graph((node[0],)), given)[0][0], [[-0.1, 0, 2], [-0.3, 1, 0.5]], rtol=1e-6)
    g, found, more = gradients(node, ["data", "gamma"], [np.ones((2, 3))])
    d = dict(zip(found, evaluate(g, given | more)[0], strict=True))
    np.testing.assert_allclose(d["data"], [[0.1, 0.2, 1], [0.1, 1, 1]], rtol=1e-6)
    np.testing.assert_allclose(d["gamma"], [-4, 0, 0], rtol=1e-6)


def rrelu(x, state=(1, 0, 0, 0, 0), **bounds):
    op = ops.get("leaky_relu")
    ins = (variable("data", TensorType(x.shape)), variable("random_state", TensorType((5,), "uint32"), "state"))
    node = apply_node(op, "a", ins, op.params(act_type="rrelu", **bounds))
    return node, {"data": x, "random_state": np.array(state)}


def test_rrelu_draws_slopes_between_its_bounds():
    node, given = rrelu(-np.ones((40, 1000)))
    slope = -evaluate(Graph((node[0],)), given)[0][0]
    assert 0.125 <= slope.min() < 0.1251
    assert 0.3339 < slope.max() <= 0.334
    width = 0.334 - 0.125
    assert abs(slope.mean() - (0.125 + width / 2)) < 5 * width / np.sqrt(12 * slope.size)
    assert abs(slope.var() - width**2 / 12) < 5 * width**2 / np.sqrt(180 * slope.size)


def test_rrelu_draws_by_sample_and_not_where_it_is_positive():
    x = np.array([[-1.0, 2.0, -1.0]] * 6)
    node, given = rrelu(x)
    whole = evaluate(Graph((node[0],)), given)[0][0]
    assert (whole[:, 1] == 2).all()
    node, given = rrelu(x[2:], (1, 0, 0, 2, 0))
    np.testing.assert_array_equal(evaluate(Graph((node[0],)), given)[0][0], whole[2:])


def test_rrelu_has_the_mean_slope_outside_training():
    node, given = rrelu(X, lower_bound=0.1, upper_bound=0.3)
    g = for_prediction(Graph((node[0],)), options=Options())
    assert "random_state" not in g.variables
    np.testing.assert_allclose(evaluate(g, given)[0][0], [[-0.2, 0, 2], [-0.6, 1, 0.5]], rtol=1e-6)


def test_shapes_that_do_not_fit_are_refused():
    op = ops.get("leaky_relu")
    with pytest.raises(ShapeError, match="one slope per channel, got"):
        infer(op, op.params(act_type="prelu"), [PartialType((4,)), UNKNOWN], [UNKNOWN], "a")
    with pytest.raises(ShapeError, match=r"'gamma' must be \(3,\).*got \(2,\)"):
        infer(op, op.params(act_type="prelu"), [PartialType((4, 3)), PartialType((2,))], [UNKNOWN], "a")
    with pytest.raises(ShapeError, match="lower_bound 0.5 <= upper_bound 0.334"):
        infer(op, op.params(act_type="rrelu", lower_bound=0.5), [PartialType((4, 3)), UNKNOWN], [UNKNOWN] * 2, "a")
