from __future__ import annotations

import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType, TensorType
from mxtrain.graph import variable
from mxtrain.passes import infer_partial, infer_types


def shapes(g):
    return {n.name: n.types[0].shape for n in g.nodes}


def test_parameters_follow_from_the_data(op):
    h = op("fully_connected", variable("x"), variable("w"), variable("b"), num_hidden=5, name="fc")
    g = infer_types([op("tanh", h, name="t")], {"x": TensorType((4, 3))})
    assert shapes(g) == {"x": (4, 3), "w": (5, 3), "b": (5,), "fc": (4, 5), "t": (4, 5)}


def test_knowledge_flows_backwards(op):
    a, b = variable("a"), variable("b")
    y = op("elemwise_add", op("tanh", a, name="t"), op("sin", b, name="s"), name="y")
    g = infer_types([y], {"b": PartialType((2, None)), "a": PartialType((None, 3), "float64")})
    assert set(shapes(g).values()) == {(2, 3)}
    assert {n.types[0].dtype for n in g.nodes} == {"float64"}


def test_what_a_variable_says_of_itself_counts(op):
    x = variable("x", TensorType((2, 3), "float64"))
    assert infer_types([op("tanh", x, name="t")], {}).nodes[-1].types == x.node.types
    with pytest.raises(ShapeError):
        infer_types([op("tanh", x, name="t")], {"x": TensorType((2, 4))})


def test_a_long_way_back(op):
    e = x = variable("x")
    for k in range(30):
        e = op("tanh", e, name=f"t{k}")
    g = infer_types([op("elemwise_add", e, variable("y"), name="sum")], {"y": TensorType((3,))})
    assert g.variables["x"].types[0] == TensorType((3,))
    assert x.node.types == ()


def test_one_entry_as_two_inputs(op):
    x = variable("x")
    g = infer_types([op("elemwise_mul", x, x, name="y")], {"x": PartialType((2, 2))})
    assert shapes(g)["y"] == (2, 2)


def test_a_dtype_that_nothing_says_is_float32(op):
    g = infer_types([op("tanh", variable("x"))], {"x": PartialType((2,))})
    assert g.outputs[0].type == TensorType((2,), "float32")


def test_a_contradiction_names_node_and_argument(op):
    y = op("fully_connected", variable("x"), variable("w"), num_hidden=5, no_bias=True, name="fc")
    with pytest.raises(ShapeError, match=r"fully_connected 'fc': input 'weight' must be \(5, 3\).*, got \(5, 4\)"):
        infer_types([y], {"x": TensorType((4, 3)), "w": TensorType((5, 4))})


def test_all_that_is_missing_is_named(op):
    y = op("fully_connected", variable("x"), variable("w"), num_hidden=5, no_bias=True, name="fc")
    with pytest.raises(ShapeError, match=r"the shape of 'x' .* 'w' .* cannot be inferred"):
        infer_types([y], {})


def test_partial_knowledge_is_kept(op):
    y = op("fully_connected", variable("x"), variable("w"), num_hidden=5, no_bias=True, name="fc")
    types, nodes = infer_partial([y], {"x": PartialType((4, None))})
    assert types[y].shape == (4, 5)
    assert [n.name for n in nodes] == ["x", "w", "fc"]
    assert ops.get("fully_connected") is nodes[-1].op
