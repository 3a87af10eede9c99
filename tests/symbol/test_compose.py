from __future__ import annotations

import pytest

from mxtrain import ops
from mxtrain.base.errors import ConfigError
from mxtrain.graph import Entry, Node, topological
from mxtrain.symbol.compose import RANDOM, Applied, checked, compose, nearest, settled, substitute


def var(name, kind=None):
    return Entry(Node(None, name, kind=kind))


def fc(data, name="fc", named=None, **params):
    op = ops.get("fully_connected")
    return compose(op, op.params(**{"num_hidden": 3, **params}), [data], named or {}, Applied(name, source="f:1:2"))


def kinds(entries):
    return {n.name: n.kind for n in topological(settled(entries)) if n.op is None}


def test_missing_inputs_become_variables_named_after_the_node():
    node = fc(var("data"))
    assert [e.node.name for e in node.inputs] == ["data", "fc_weight", "fc_bias"]
    assert [e.node.source for e in node.inputs] == ["", "f:1:2", "f:1:2"]
    assert [e.node.kind for e in node.inputs] == [None, "parameter", "parameter"]


@pytest.mark.parametrize(
    ("operator", "params", "expected"),
    [
        ("batch_norm", {}, ["parameter", "parameter", "auxiliary", "auxiliary"]),
        ("softmax_output", {}, ["input"]),
        ("convolution", {"num_filter": 1, "kernel": 1, "no_bias": True}, ["parameter"]),
    ],
)
def test_kinds_of_missing_inputs(operator, params, expected):
    op = ops.get(operator)
    node = compose(op, op.params(**params), [var("x")], {}, Applied("y"))
    assert [e.node.kind for e in node.inputs[1:]] == expected


def test_random_operators_share_one_state():
    op = ops.get("dropout")
    a = compose(op, op.params(), [var("x")], {}, Applied("a"))
    b = compose(op, op.params(), [Entry(a)], {}, Applied("b"))
    assert a.inputs[1].node is b.inputs[1].node is RANDOM
    assert (RANDOM.name, RANDOM.kind, RANDOM.types[0].shape, RANDOM.types[0].dtype) == (
        "random_state", "state", (5,), "uint32",
    )  # fmt: skip


def test_inputs_by_name_fill_their_place():
    w = var("w")
    node = fc(var("data"), named={"weight": w})
    assert node.inputs[1] is w


def test_all_wrong_inputs_are_told():
    with pytest.raises(ConfigError) as caught:
        fc(var("x"), named={"weigth": var("w"), "data": var("y")})
    assert caught.value.problems == (
        "fully_connected 'fc': has no input 'weigth'; did you mean 'weight'?",
        "fully_connected 'fc': input 'data' is given twice, by place and by name",
    )


def test_too_many_inputs():
    op = ops.get("flatten")
    with pytest.raises(ConfigError, match=r"flatten 'f': takes 1 inputs \(data\), got 2"):
        compose(op, op.params(), [var("a"), var("b")], {}, Applied("f"))


def test_a_variable_is_what_it_feeds():
    shared = var("shared")
    a = fc(var("data"), "a", {"weight": shared, "bias": var("offset")})
    b = fc(Entry(a), "b", {"weight": shared})
    assert kinds([Entry(b)]) == {"data": "input", "shared": "parameter", "offset": "parameter", "b_bias": "parameter"}


def test_auxiliary_wins_and_given_kinds_stay():
    op = ops.get("batch_norm")
    stat, gamma = var("stat"), var("gamma", "constant")
    node = compose(
        op, op.params(), [var("x"), gamma], {"beta": stat, "moving_mean": stat, "moving_var": var("v")}, Applied("bn")
    )
    assert kinds([Entry(node)]) == {"x": "input", "gamma": "constant", "stat": "auxiliary", "v": "auxiliary"}


def test_settling_twice_changes_nothing():
    once = settled([Entry(fc(var("data")))])
    assert settled(once) == once


def test_several_random_states_become_one():
    op = ops.get("dropout")
    x = Entry(Node(op, "a", (var("x"), var("random_state")), op.params()))
    y = Entry(Node(op, "b", (x, Entry(RANDOM)), op.params()))
    states = [n for n in topological(settled([y])) if n.name == "random_state"]
    assert states == [RANDOM]


def test_names_that_stand_twice_are_refused():
    both = [Entry(fc(var("data"), "fc")), Entry(fc(var("other"), "fc"))]
    with pytest.raises(ConfigError, match="several nodes are called 'fc_weight', 'fc_bias', 'fc'; give them names"):
        settled(both)


def test_substitute_keeps_what_does_not_depend_on_it():
    x, y = var("x"), var("y")
    left, right = fc(x, "left"), fc(y, "right")
    new = Node(None, "z", kind="state")
    a, b = substitute([Entry(left), Entry(right)], {x.node: new})
    assert a.node is not left and a.node.inputs[0].node is new
    assert b.node is right


def test_parameters_are_checked_all_at_once():
    with pytest.raises(ConfigError) as caught:
        checked(ops.get("convolution"), {"num_filter": 0, "kernal": 3}, "convolution 'c'")
    assert sorted(caught.value.problems) == [
        "convolution 'c': missing key 'kernel' (a whole number or a list, each a whole number)",
        "convolution 'c': num_filter: must be a whole number >= 1, got 0",
        "convolution 'c': unknown key 'kernal'; did you mean 'kernel'?",
    ]


@pytest.mark.parametrize(
    ("name", "known", "end"),
    [
        ("wieght", ["weight", "bias"], "; did you mean 'weight'?"),
        ("zzz", ["weight", "bias"], "; there are: weight, bias"),
        ("zzz", [], "; there are none"),
    ],
)
def test_nearest(name, known, end):
    assert nearest(name, known) == end
