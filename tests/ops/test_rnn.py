from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from mxtrain.graph import Graph
from tests.contract.operators import Case, build, check_operator, evaluate
from tests.contract.values import forward, inferred

DATA = {"data": (4, 3, 5)}
STATE = {"make": {"random_state": lambda rng, shape: [11, 0, 3, 5, 0]}, "fixed": ("random_state",)}
MODES = ("lstm", "gru", "rnn_tanh")


def params(mode, **more):
    return {"state_size": 2, "num_layers": 1, "mode": mode, **more}


CASES = [
    *(Case(DATA, params(mode)) for mode in MODES),
    *(Case(DATA, params(mode, num_layers=2, bidirectional=True, state_outputs=True)) for mode in MODES),
    Case({"data": (2, 3, 4)}, params("rnn_relu", state_size=3), make={"data": lambda rng, s: rng.uniform(2, 3, s),
         "parameters": lambda rng, s: rng.uniform(0.2, 1, s), "state": lambda rng, s: rng.uniform(0, 1, s)}),
    Case(DATA, params("lstm", num_layers=3, p=0.4), **STATE),
    Case(DATA, params("gru", num_layers=2, bidirectional=True, p=0.4), **STATE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("rnn", case, rng)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_a_step_of_lstm_by_hand():
    # One unit: weights of the input 1 2 3 4, of the state 0.1 0.2 0.3 0.4, biases 0.01 ... in the order i f g o.
    w = [1, 2, 3, 4, 0.1, 0.2, 0.3, 0.4, *[0.01] * 4, *[0.02] * 4]
    x, h, c = 0.5, 0.25, -0.5
    a = np.array([1, 2, 3, 4]) * x + np.array([0.1, 0.2, 0.3, 0.4]) * h + 0.03
    want_c = sigmoid(a[1]) * c + sigmoid(a[0]) * np.tanh(a[2])
    got = forward("rnn", params("lstm", state_size=1), data=[[[x]]], parameters=w, state=[[[h]]], state_cell=[[[c]]])
    assert got.ravel() == pytest.approx([sigmoid(a[3]) * np.tanh(want_c)], rel=1e-12)


def test_a_step_of_gru_by_hand():
    w = [1, 2, 3, 0.1, 0.2, 0.3, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    x, h = 0.5, 0.25
    r, z = sigmoid(1 * x + 0.1 * h + 0.05), sigmoid(2 * x + 0.2 * h + 0.07)
    n = np.tanh(3 * x + 0.03 + r * (0.3 * h + 0.06))
    got = forward("rnn", params("gru", state_size=1), data=[[[x]]], parameters=w, state=[[[h]]])
    assert got.ravel() == pytest.approx([(1 - z) * n + z * h], rel=1e-12)


def test_the_second_direction_reads_from_the_end(rng):
    x, state = rng.standard_normal((4, 2, 1)), np.zeros((2, 2, 1))
    one = [0.7, -0.3, 0.1, 0.2]
    w = [*one[:2], *one[:2], *one[2:], *one[2:]]
    p = params("rnn_tanh", state_size=1, bidirectional=True)
    there = forward("rnn", p, data=x, parameters=w, state=state)
    back = forward("rnn", p, data=x[::-1].copy(), parameters=w, state=state)
    np.testing.assert_allclose(there[:, :, 1], back[::-1, :, 0], rtol=1e-12)


def test_samples_keep_their_draws_in_another_batch():
    case = Case({"data": (3, 4, 5)}, params("rnn_tanh", num_layers=2, p=0.5))
    node = build("rnn", case, "float64")
    values = {e.node.name: np.ones(e.type.shape) for e in node.inputs}
    values["random_state"] = np.array([1, 0, 0, 8, 0])
    whole = evaluate(Graph((node[2],)), values)[0][0]
    small = build("rnn", Case({"data": (3, 2, 5)}, params("rnn_tanh", num_layers=2, p=0.5)), "float64")
    some = {e.node.name: np.ones(e.type.shape) for e in small.inputs} | {"random_state": np.array([1, 0, 0, 10, 0])}
    np.testing.assert_array_equal(evaluate(Graph((small[2],)), some)[0][0], whole[:, 2:])
    assert 0 < whole.mean() < 1


def test_shapes_are_known_from_either_side():
    p = params("lstm", num_layers=2, bidirectional=True)
    ins, out = inferred("rnn", p, (7, 3, 5), None, None, None)
    assert ins == [(7, 3, 5), (8 * (5 + 2 + 2) * 2 + 8 * (4 + 2 + 2) * 2,), (4, 3, 2), (4, 3, 2)]
    assert out == (7, 3, 4)
    assert inferred("rnn", p, (None, None, 5), None, (4, 3, 2), None, out=(7, None, None))[1] == (7, 3, 4)
    with pytest.raises(ShapeError, match=r"'data' must have the axes \(T, N, C\)"):
        inferred("rnn", p, (7, 5), None, None, None)
