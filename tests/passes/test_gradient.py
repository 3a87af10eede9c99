from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.graph import Graph
from mxtrain.passes import LOSS_SCALE, gradient, with_losses, zeros_for
from mxtrain.passes.gradient import auxiliary_updates
from tests.contract.operators import evaluate


def test_an_entry_read_several_times_gets_the_sum(op, var, vocabulary):
    x = var("x", dtype="float64")
    y = op("elemwise_add", op("elemwise_mul", x, x), op("mul_scalar", x, scalar=3.0))
    g, found = gradient(Graph((y,)), ["x"], vocabulary=vocabulary, seeds={y: var("dy", dtype="float64")})
    value = np.arange(6.0).reshape(2, 3)
    (_, dx), _ = evaluate(g.check(), {"x": value, "dy": np.ones((2, 3))})
    np.testing.assert_array_equal(dx, 2 * value + 3)
    assert g.outputs == (y, found["x"])


def test_sums_are_of_two_where_operators_take_such_in(op, var, vocabulary):
    x = var("x")
    y = op("add_n", *(op(name, x) for name in ("sin", "cos", "tanh", "exp")), num_args=4)
    for pairs, expected in ((False, [4]), (True, [2, 2, 2])):
        g, _ = gradient(Graph((y,)), ["x"], vocabulary=vocabulary, seeds={y: var("dy")}, pairs=pairs)
        sums = [n for n in g.check().nodes if n.op is vocabulary.add and "grad_sum" in n.name]
        assert [n.params.num_args for n in sums] == expected


def test_losses_are_differentiated_and_other_heads_are_not(op, var, vocabulary):
    h = op("fully_connected", var("data", (4, 3)), var("w", (5, 3)), num_hidden=5, no_bias=True)
    head = op("softmax_output", h, var("label", (4,), "input"), name="softmax")
    other = op("tanh", var("v", (2, 2)))
    g = with_losses(Graph((head, other)))
    assert [name for name, e in g.losses] == ["softmax"] and g.losses[0][1].type.shape == ()
    g, found = gradient(g, ["w", "v", "nowhere"], vocabulary=vocabulary)
    assert list(found) == ["w"]
    g.check()


def test_a_loss_scale_multiplies_every_gradient_once(op, var, vocabulary, rng):
    data, values = var("data", (4, 3), "input"), {}
    h = op("tanh", op("dot", data, var("v", (3, 3))))
    heads = [
        op("softmax_output", op("dot", h, var(w, (3, 2))), var(y, (4,), "input"), name=n)
        for w, y, n in (("w", "y", "one"), ("u", "z", "two"))
    ]
    for name, shape in {"data": (4, 3), "v": (3, 3), "w": (3, 2), "u": (3, 2)}.items():
        values[name] = rng.standard_normal(shape).astype(np.float32)
    values |= {
        "y": np.array([0, 1, 1, 0], np.float32),
        "z": np.array([1, 1, 0, 0], np.float32),
        LOSS_SCALE: np.float32(8),
    }
    found = []
    for scaled in (False, True):
        g, grads = gradient(with_losses(Graph(tuple(heads))), ["v", "w", "u"], vocabulary=vocabulary, scaled=scaled)
        outputs, _ = evaluate(g.check(), values)
        found.append(dict(zip(grads, outputs[2:], strict=True)))
    assert found[0].keys() == {"v", "w", "u"}
    for name, plain in found[0].items():
        np.testing.assert_array_equal(found[1][name], 8 * plain)


def test_the_last_layers_gradients_come_first_however_they_are_asked_for(op, var, vocabulary):
    h, names = var("data", (4, 3), "input"), ["w0", "w1", "w2"]
    for name in names:
        h = op("fully_connected", h, var(name, (3, 3)), num_hidden=3, no_bias=True)
    g = with_losses(Graph((op("softmax_output", h, var("label", (4,), "input")),)))
    for asked in (names, names[::-1], ["w1", "w2", "w0"]):
        assert list(gradient(g, asked, vocabulary=vocabulary)[1]) == ["w2", "w1", "w0"]


def test_nothing_is_made_towards_what_is_not_asked(op, var, vocabulary):
    h = op("fully_connected", op("tanh", var("data", (4, 3))), var("w", (5, 3)), num_hidden=5, no_bias=True)
    head = op("softmax_output", h, var("label", (4,), "input"))
    g, _ = gradient(Graph((head,)), ["w"], vocabulary=vocabulary)
    names = [n.op.name for n in g.nodes if n.op]
    assert "fully_connected_backward_weights" in names
    assert "fully_connected_backward_data" not in names


def test_an_operator_without_gradient_in_between_is_named(op, var, vocabulary):
    x = var("x")
    y = op("tanh", x, name="t")
    lacking = dataclasses.replace(y.node, op=dataclasses.replace(y.node.op, gradient=None))[0]
    with pytest.raises(ConfigError, match="tanh 't' has no gradient, but stands between"):
        gradient(Graph((lacking,)), ["x"], vocabulary=vocabulary, seeds={lacking: var("dy")})


def test_moving_statistics_become_updates(op, var):
    names = ("gamma", "beta", "mean", "var")
    kinds = ("parameter", "parameter", "auxiliary", "auxiliary")
    y = op("batch_norm", var("x", (4, 3)), *(var(n, (3,), k) for n, k in zip(names, kinds, strict=True)))
    g = auxiliary_updates(Graph((y,))).check()
    assert [u.variable.name for u in g.updates] == ["mean", "var"]


def test_zeros_for_what_nothing_reaches(op, var, vocabulary):
    g = Graph((op("tanh", var("x", dtype="float64")),))
    zeros = zeros_for(g, ["x"], vocabulary)
    (dx,), _ = evaluate(Graph((zeros["x"],)), {"x": np.ones((2, 3))})
    np.testing.assert_array_equal(dx, np.zeros((2, 3)))


def test_operators_that_share_a_statistic_change_it_in_turn(op, var, rng):
    shared = [var(n, (3,), "auxiliary" if "moving" in n else "parameter", "float64")
              for n in ("gamma", "beta", "moving_mean", "moving_var")]  # fmt: skip
    values = {"gamma": np.ones(3), "beta": np.zeros(3), "moving_mean": rng.standard_normal(3), "moving_var": np.ones(3)}
    values |= {n: rng.standard_normal((4, 3)) for n in ("x", "y")}
    heads = tuple(op("batch_norm", var(n, (4, 3), dtype="float64"), *shared, momentum=0.75) for n in ("x", "y"))
    g = auxiliary_updates(Graph(heads)).check()
    assert [u.variable.name for u in g.updates] == ["moving_mean", "moving_var"]
    (mean,), _ = evaluate(Graph((g.updates[0].value,)), values)
    once = 0.75 * values["moving_mean"] + 0.25 * values["x"].mean(axis=0)
    np.testing.assert_allclose(mean, 0.75 * once + 0.25 * values["y"].mean(axis=0))
