import tracemalloc

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import CHANNELS_LAST, PLAIN, UNKNOWN, PartialType, TensorType
from mxtrain.executor import bind
from mxtrain.graph import Graph, apply_node, infer, variable
from mxtrain.ops.dropout import OP
from mxtrain.passes import Options, compile_graph, for_prediction
from tests.backends.cuda.fake import fake_device
from tests.contract.kernels import close, reference, run_kernel, typed
from tests.contract.operators import Case, check_operator, evaluate

BOTH = ("float32", "bfloat16")
STATE = {"random_state": lambda rng, shape: [11, 0, 3, 5, 0]}
HERE = {"make": STATE, "fixed": ("random_state",)}
CASES = [
    Case({"data": (4, 10)}, {}, dtypes=BOTH, **HERE),
    Case({"data": (2, 3, 4, 5)}, {"p": 0.3}, **HERE),
    Case({"data": (2, 3, 4, 5)}, {"p": 0.3, "axes": (2, 3)}, **HERE),
    Case({"data": (2, 6)}, {"p": 0.4, "axes": (0,)}, **HERE),
    Case({"data": (2, 6)}, {"p": 0.0}, **HERE),
    Case({"data": (7,)}, {"mode": "always"}, **HERE),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("dropout", case, rng)


def node_of(shape, name="drop", **params):
    op = ops.get("dropout")
    ins = (variable("x", TensorType(shape)), variable("random_state", TensorType((5,), "uint32"), "state"))
    return apply_node(op, name, ins, op.params(**params))


def dropped(shape, state=(1, 0, 0, 0, 0), name="drop", x=None, **params):
    """The mask, and what becomes of ones."""
    node = node_of(shape, name, **params)
    given = {"x": np.ones(shape) if x is None else x, "random_state": np.array(state)}
    (y, mask), _ = evaluate(Graph((node[0], node[1])), given)
    return mask, y


def test_the_rest_is_scaled_so_that_the_mean_stays():
    mask, y = dropped((64, 1000), p=0.3)
    assert set(np.unique(y)) == {0.0, float(np.float32(1 / 0.7))}
    np.testing.assert_array_equal(y == 0, mask == 1)
    n = y.size
    # Five standard deviations of a binomial mean, and of the variance of a two-valued variable.
    assert abs(mask.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / n)
    assert abs(y.var() - 0.3 / 0.7) < 5 * abs(1 - 0.6) / 0.7 * np.sqrt(0.3 / 0.7 / n)


def test_what_is_dropped_is_gone_even_if_it_is_infinite():
    mask, y = dropped((4, 50), x=np.full((4, 50), np.inf))
    assert (y[mask == 1] == 0).all()
    assert np.isinf(y[mask == 0]).all()


def test_samples_keep_their_fate_in_any_batch():
    whole, _ = dropped((10, 3, 5), (1, 2, 3, 7, 0))
    first, _ = dropped((4, 3, 5), (1, 2, 3, 7, 0))
    second, _ = dropped((6, 3, 5), (1, 2, 3, 11, 0))
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)


def test_a_shared_fate_does_not_depend_on_which_samples_are_here():
    one, _ = dropped((10, 40), (1, 2, 3, 7, 0), axes=(0,))
    other, _ = dropped((4, 40), (1, 2, 3, 17, 0), axes=(0,))
    assert one.shape == (1, 40)
    np.testing.assert_array_equal(one, other)
    assert 0 < one.mean() < 1


def test_elements_share_their_fate_along_axes():
    mask, y = dropped((8, 6, 4, 5), axes=(2, 3))
    assert mask.shape == (8, 6, 1, 1)
    np.testing.assert_array_equal(y, np.broadcast_to(2 * (1 - mask), y.shape))


def test_the_layout_changes_nothing(rng):
    conv, drop = ops.get("convolution"), ops.get("dropout")
    names = {"x": (2, 3, 6, 6), "w": (4, 3, 1, 1), "b": (4,)}
    image = apply_node(
        conv, "c", [variable(n, TensorType(s)) for n, s in names.items()], conv.params(kernel=1, num_filter=4)
    )
    state = variable("random_state", TensorType((5,), "uint32"), "state")
    node = apply_node(drop, "drop", (image[0], state), drop.params())
    given = {n: np.ones(s) for n, s in names.items()} | {"random_state": np.array([1, 0, 0, 0, 0])}
    (y,), _ = evaluate(Graph((node[0],)), given)
    np.testing.assert_array_equal(y == 0, dropped((2, 4, 6, 6))[0] == 1)


def test_step_seed_and_name_each_draw_anew_and_the_same_again():
    base, _ = dropped((16, 256))
    again, _ = dropped((16, 256))
    np.testing.assert_array_equal(base, again)
    others = [
        dropped((16, 256), (2, 0, 0, 0, 0)), dropped((16, 256), (1, 1, 0, 0, 0)), dropped((16, 256), (1, 0, 1, 0, 0)),
        dropped((16, 256), (1, 0, 0, 0, 1)), dropped((16, 256), name="drop2"),
    ]  # fmt: skip
    for other, _ in others:
        # Independent halves agree in half of the places.
        assert abs((other == base).mean() - 0.5) < 5 * 0.5 / np.sqrt(base.size)


def test_the_gradient_goes_where_the_data_went(rng):
    node = node_of((4, 6), p=0.25)
    dy = variable("dy", TensorType((4, 6)))
    dx = node.op.gradient(node, [dy, None])[0]
    given = {"x": np.ones((4, 6)), "random_state": np.array([1, 0, 0, 0, 0]), "dy": rng.standard_normal((4, 6))}
    (y, d), _ = evaluate(Graph((node[0], dx)), given)
    np.testing.assert_allclose(d, given["dy"] * y, rtol=1e-6)


def test_outside_training_nothing_is_left_of_it_unless_it_always_drops():
    for mode, left in (("training", []), ("always", ["drop"])):
        node = node_of((4, 6), mode=mode)
        g = for_prediction(Graph((node[0],)), options=Options())
        assert [n.name for n in g.nodes if n.op] == left


def test_a_run_allocates_next_to_nothing():
    node = node_of((64, 500))
    compiled = compile_graph(Graph((node[0],)), REFERENCE, vocabulary=ops.vocabulary(), options=Options())
    arrays = {"x": np.ones((64, 500), np.float32), "random_state": np.zeros(5, np.uint32)}
    plan = bind(compiled, REFERENCE, arrays.__getitem__)
    for a in plan.inputs.values():
        a[...] = 1
    plan.run()
    before = np.array(plan.outputs[0])
    arrays["random_state"][2] = 1
    tracemalloc.start()
    plan.run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4096
    assert (plan.outputs[0] != before).any()


def test_axes_and_data_must_fit():
    op = ops.get("dropout")
    with pytest.raises(ShapeError, match="axis 2 is out of range for 2 axes"):
        infer(op, op.params(axes=(2,)), [PartialType((2, 3)), UNKNOWN], [UNKNOWN] * 2, "drop")
    with pytest.raises(ShapeError, match="got a scalar"):
        infer(op, op.params(), [PartialType(()), UNKNOWN], [UNKNOWN] * 2, "drop")


@pytest.mark.parametrize("layout", [PLAIN, CHANNELS_LAST], ids=str)
@pytest.mark.parametrize("axes", [(), (2, 3), (0,)], ids=str)
def test_a_gpu_drops_what_the_reference_drops(rng, axes, layout):
    shape = (3, 5, 4, 7)
    t = TensorType(shape, "float32", layout)
    mask = TensorType(tuple(1 if k in axes else d for k, d in enumerate(shape)), "uint8", layout)
    node = typed(OP, OP.params(p=0.3, axes=axes), [t, TensorType((5,), "uint32")], [t, mask], "drop")
    values = [rng.standard_normal(shape), [7, 1, 3, 0xFFFFFFFE, 2]]
    want, _ = reference(node, values)
    got, _, name = run_kernel(node, "cuda", fake_device(), values)
    assert name == "cuda:philox"
    np.testing.assert_array_equal(got[1], want[1])
    close(got[0], want[0], "float32")
