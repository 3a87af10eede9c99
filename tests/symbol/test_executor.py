from __future__ import annotations

import numpy as np
import pytest

from mxtrain import symbol as sym
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ConfigError, ShapeError, UsageError


@pytest.fixture
def linear():
    return sym.fully_connected(sym.variable("data"), num_hidden=3, name="fc")


@pytest.fixture
def classifier():
    x = sym.batch_norm(sym.variable("data"), fix_gamma=False, name="bn")
    return sym.softmax_output(sym.fully_connected(x, num_hidden=3, name="fc"), name="softmax")


def fill(executor, rng):
    for name, a in executor.arg_dict.items():
        a[...] = rng.integers(0, 3, a.shape) if name.endswith("label") else rng.standard_normal(a.shape)
    for a in executor.aux_dict.values():
        a[...] = rng.uniform(0.5, 2, a.shape)
    return {n: a.astype(np.float64) for n, a in executor.arg_dict.items()}


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("device", ["cpu", REFERENCE])
def test_forward_and_backward_with_out_grads(linear, rng, device):
    executor = linear.bind(device, data=(4, 5))
    v = fill(executor, rng)
    (out,) = executor.forward(is_train=True)
    np.testing.assert_allclose(out, v["data"] @ v["fc_weight"].T + v["fc_bias"], rtol=1e-5, atol=1e-5)
    dy = rng.standard_normal((4, 3)).astype(np.float32)
    executor.backward([dy])
    np.testing.assert_allclose(executor.grad_dict["fc_weight"], dy.T @ v["data"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(executor.grad_dict["data"], dy @ v["fc_weight"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(executor.grad_dict["fc_bias"], dy.sum(0), rtol=1e-5, atol=1e-5)


def test_a_loss_head_needs_no_out_grads(rng):
    net = sym.softmax_output(sym.fully_connected(sym.variable("data"), num_hidden=3, name="fc"), name="softmax")
    executor = net.bind(data=(4, 5))
    v = fill(executor, rng)
    p = softmax(v["data"] @ v["fc_weight"].T + v["fc_bias"])
    np.testing.assert_allclose(executor.forward(is_train=True)[0], p, rtol=1e-5)
    assert not any(a.any() for a in executor.grad_dict.values())
    executor.backward()
    d = p - np.eye(3)[v["softmax_label"].astype(int)]
    np.testing.assert_allclose(executor.grad_dict["fc_bias"], d.sum(0), rtol=1e-4, atol=1e-6)
    assert not executor.grad_dict["softmax_label"].any()


def test_out_grads_do_not_reach_a_loss_head(classifier, rng):
    executor = classifier.bind(data=(4, 5))
    fill(executor, rng)
    executor.forward(is_train=True)
    executor.backward()
    alone = {n: a.copy() for n, a in executor.grad_dict.items()}
    executor.backward([rng.standard_normal((4, 3))])
    for name, a in executor.grad_dict.items():
        np.testing.assert_allclose(a, alone[name], rtol=1e-5, atol=1e-6)


def test_prediction_uses_and_training_moves_statistics(classifier, rng):
    executor = classifier.bind(data=(8, 5))
    v = fill(executor, rng)
    before = {n: a.copy() for n, a in executor.aux_dict.items()}
    executor.forward()
    z = (v["data"] - before["bn_moving_mean"]) / np.sqrt(before["bn_moving_var"] + 1e-3) * v["bn_gamma"] + v["bn_beta"]
    np.testing.assert_allclose(executor.outputs[0], softmax(z @ v["fc_weight"].T + v["fc_bias"]), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(executor.aux_dict["bn_moving_mean"], before["bn_moving_mean"])
    executor.forward(is_train=True)
    moved = 0.9 * before["bn_moving_mean"] + 0.1 * v["data"].mean(0)
    np.testing.assert_allclose(executor.aux_dict["bn_moving_mean"], moved, rtol=1e-5, atol=1e-6)
    executor.backward([np.zeros((8, 3))])
    np.testing.assert_allclose(executor.aux_dict["bn_moving_mean"], moved, rtol=1e-5, atol=1e-6)


def test_changed_arrays_count_at_once(linear, rng):
    executor = linear.bind(data=(2, 3), grad_req="null")
    executor.arg_dict["data"][...] = 1
    for value in (1, 2):
        executor.arg_dict["fc_weight"][...] = value
        for is_train in (False, True):
            assert (executor.forward(is_train)[0] == 3 * value).all()


def test_outputs_stay_the_same_arrays(linear):
    executor = linear.bind(data=(2, 3))
    first = executor.forward(data=np.ones((2, 3)))[0]
    executor.forward(is_train=True, fc_bias=np.arange(3))
    assert executor.outputs[0] is first and (first == np.arange(3)).all()


def test_requests(linear, rng):
    executor = linear.bind(data=(2, 3), grad_req={"fc_weight": "add", "fc_bias": "write", "data": "null"})
    fill(executor, rng)
    assert list(executor.grad_dict) == ["fc_weight", "fc_bias"]
    executor.grad_dict["fc_weight"][...] = executor.grad_dict["fc_bias"][...] = 100
    executor.forward(is_train=True)
    executor.backward([np.ones((2, 3))])
    want = 100 + np.ones((3, 2)) @ executor.arg_dict["data"]
    np.testing.assert_allclose(executor.grad_dict["fc_weight"], want, rtol=1e-6)
    assert (executor.grad_dict["fc_bias"] == 2).all()


def test_one_entry_as_two_outputs_takes_both_gradients():
    x = sym.variable("x")
    y = sym.plus_scalar(x, scalar=1.0)
    executor = sym.group([y, y]).bind(x=(2,))
    executor.forward(is_train=True)
    executor.backward([np.array([1, 2]), np.array([10, 20])])
    np.testing.assert_array_equal(executor.grad_dict["x"], [11, 22])
    np.testing.assert_array_equal(executor.outputs[1], [1, 1])


def test_a_variable_may_be_an_output():
    executor = sym.variable("x").bind(x=(2,))
    assert (executor.forward(is_train=True, x=np.array([3, 4]))[0] == [3, 4]).all()
    executor.backward([np.array([5, 6])])
    np.testing.assert_array_equal(executor.grad_dict["x"], [5, 6])


def test_a_loss_and_an_inner_layer(rng):
    fc = sym.fully_connected(sym.variable("data"), num_hidden=3, name="fc")
    executor = sym.group([sym.softmax_output(fc, name="softmax"), fc]).bind(data=(2, 4))
    fill(executor, rng)
    executor.forward(is_train=True)
    executor.backward()
    alone = executor.grad_dict["fc_bias"].copy()
    executor.backward([np.zeros((2, 3)), np.ones((2, 3))])
    np.testing.assert_allclose(executor.grad_dict["fc_bias"], alone + 2, rtol=1e-5, atol=1e-5)


def test_every_forward_draws_anew_and_backward_draws_the_same():
    executor = sym.dropout(sym.variable("x"), p=0.5, name="drop").bind(x=(1, 100))
    executor.seed(7)
    executor.arg_dict["x"][...] = 1
    first = executor.forward(is_train=True)[0].copy()
    assert set(np.unique(first)) == {0, 2}
    executor.backward([np.ones((1, 100))])
    np.testing.assert_array_equal(executor.grad_dict["x"], first)
    assert (executor.forward(is_train=True)[0] != first).any()
    assert (executor.forward()[0] == 1).all()
    executor.seed(7)
    np.testing.assert_array_equal(executor.forward(is_train=True)[0], first)
    assert executor.state_dict["random_state"].tolist() == [7, 0, 1, 0, 0]


def test_copying_parameters(classifier):
    executor = classifier.bind(data=(2, 3))
    executor.copy_params_from({"fc_bias": np.arange(3)}, {"bn_moving_var": np.ones(3)})
    assert executor.arg_dict["fc_bias"].tolist() == [0, 1, 2] and executor.aux_dict["bn_moving_var"].tolist() == [
        1,
        1,
        1,
    ]
    with pytest.raises(ConfigError, match="no auxiliary state 'bn_moving_va'; did you mean 'bn_moving_var'"):
        executor.copy_params_from({}, {"bn_moving_va": np.ones(3)})


def test_misuse(linear):
    executor = linear.bind(data=(2, 3))
    with pytest.raises(UsageError, match=r"needs forward\(is_train=True\)"):
        executor.backward()
    executor.forward(is_train=True)
    with pytest.raises(UsageError, match=r"none of the outputs \(fc_output\) is a loss"):
        executor.backward()
    with pytest.raises(UsageError, match="one array per output: 1, got 2"):
        executor.backward([np.ones((2, 3))] * 2)
    with pytest.raises(ShapeError, match=r"out_grads\[0\] must be \(2, 3\), got \(3, 2\)"):
        executor.backward([np.ones((3, 2))])
    with pytest.raises(ShapeError, match=r"argument 'data' must be \(2, 3\), got \(2, 4\)"):
        executor.forward(data=np.ones((2, 4)))
    with pytest.raises(ConfigError, match="no argument 'dta'; did you mean 'data'"):
        executor.forward(dta=np.ones((2, 3)))
    executor.forward()
    with pytest.raises(UsageError, match=r"needs forward\(is_train=True\)"):
        executor.backward([np.ones((2, 3))])


@pytest.mark.parametrize(
    ("device", "grad_req", "text"),
    [
        ("gpu", "write", "no device 'gpu'"),
        ("cpu", "wirte", "grad_req of 'data' must be write, add, null, got 'wirte'"),
        ("cpu", {"fc_wieght": "write"}, "grad_req: no argument 'fc_wieght'; did you mean 'fc_weight'"),
    ],
)
def test_what_bind_refuses(linear, device, grad_req, text):
    with pytest.raises(ConfigError, match=text):
        linear.bind(device, grad_req, data=(2, 3))


def test_arrays_without_elements_are_refused():
    net = sym.softmax_output(sym.fully_connected(sym.variable("data"), num_hidden=2, name="fc"), name="head")
    with pytest.raises(
        ShapeError, match=r"every size must be at least 1, got 'data' \(0, 3\) float32, 'head_label' \(0,\)"
    ):
        net.bind(data=(0, 3))
