from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError, ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Node
from mxtrain.symbol.variables import declared, known_types, partial, variable_attrs


def test_attributes_are_mxnets():
    more = {"lr_mult": 2, "wd_mult": 0.5, "init": ("Constant", {"value": 0.25}), "__ctx_group__": "a"}
    assert variable_attrs("w", (3, None), "float16", more) == {
        "__shape__": "(3, 0)", "__dtype__": "2", "__lr_mult__": "2.0", "__wd_mult__": "0.5",
        "__init__": '["Constant", {"value": 0.25}]', "__ctx_group__": "a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "dtype", "more", "text"),
    [
        ((-1,), None, {}, "a shape is a tuple of whole numbers >= 0"),
        (3, None, {}, "a shape is a tuple"),
        ((True,), None, {}, "a shape is a tuple"),
        (None, "float", {}, "no dtype 'float'; did you mean 'float"),
        (None, None, {"lr_mult": "2"}, "lr_mult must be a number, got '2'"),
        (None, None, {"lrmult": 2}, "no setting 'lrmult'; did you mean 'lr_mult'"),
        (None, None, {"__x__": 2}, "no setting '__x__'"),
    ],
)
def test_what_cannot_be(shape, dtype, more, text):
    with pytest.raises(ConfigError, match="variable 'w': ") as caught:
        variable_attrs("w", shape, dtype, more)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("attrs", "expected"),
    [
        ({}, UNKNOWN),
        ({"__shape__": "(3, 0)"}, PartialType((3, None))),
        ({"__shape__": "(2, -1)", "__dtype__": "1"}, PartialType((2, None), "float64")),
        ({"__shape__": "()"}, UNKNOWN),
        ({"__shape__": "(3"}, UNKNOWN),
        ({"__shape__": "(3.5,)", "__dtype__": "77"}, UNKNOWN),
        ({"__dtype__": "-1"}, UNKNOWN),
    ],
)
def test_declared(attrs, expected):
    assert declared(Node(None, "w", attrs=attrs)) == expected


def test_what_is_known_is_merged():
    nodes = [Node(None, "x", attrs={"__shape__": "(0, 3)"}), Node(None, "y"), Node(None, "z")]
    known = known_types(nodes, {"x": TensorType((2, 3), "float64"), "y": [4, None]})
    assert known == {"x": PartialType((2, 3), "float64"), "y": PartialType((4, None))}


def test_contradictions_and_unknown_names_are_refused():
    nodes = [Node(None, "data", attrs={"__shape__": "(2, 3)"})]
    with pytest.raises(ShapeError, match="disagree"):
        known_types(nodes, {"data": (2, 4)})
    with pytest.raises(ConfigError, match="no variable 'dta'; did you mean 'data'"):
        known_types(nodes, {"dta": (2, 4)})


def test_partial_takes_types_shapes_and_dtypes():
    assert partial("int8", "x") == PartialType(None, "int8")
    assert partial(PartialType((1, None)), "x") == PartialType((1, None))
    assert partial((), "x") == PartialType(())
    with pytest.raises(ConfigError, match="x: a shape is"):
        partial(["a"], "x")
