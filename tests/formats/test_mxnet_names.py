from __future__ import annotations

import pytest

from mxtrain.formats.mxnet_names import (
    ALIASES,
    CANONICAL,
    INITIAL,
    LACKS,
    NONE_IS_A_VALUE,
    OURS,
    is_foreign,
    is_hidden,
    our_name,
)
from mxtrain.ops import REGISTRY


def test_every_name_written_is_read_back():
    assert all(our_name(mxnet) == ours for ours, mxnet in CANONICAL.items())
    assert len(set(CANONICAL.values())) == len(CANONICAL)


def test_aliases_lead_to_operators_and_hide_none():
    assert set(ALIASES.values()) <= set(CANONICAL)
    assert not set(ALIASES) & set(CANONICAL.values())
    assert len(OURS) == len(ALIASES) + len(CANONICAL)


def test_tables_speak_of_operators_that_are_there():
    assert {op for op, _ in (*INITIAL, *LACKS, *NONE_IS_A_VALUE)} <= set(CANONICAL)


@pytest.mark.parametrize(
    ("mxnet", "ours"),
    [
        ("Crop", "crop"), ("crop", "slice"), ("_Plus", "elemwise_add"), ("ElementWiseSum", "add_n"),
        ("Softmax", "softmax_output"), ("softmax", "softmax"), ("identity", "identity"), ("_copy", "identity"),
        ("_Greater_Equal", "greater_equal"), ("_NotEqualScalar", "not_equal_scalar"), ("split", "slice_channel"),
        ("max_axis", "max"), ("_maximum", "maximum"), ("Custom", None), ("null", None), ("convolution", None),
    ],
)  # fmt: skip
def test_names_that_are_easily_confused(mxnet, ours):
    assert our_name(mxnet) == ours


def test_keys_that_are_kept():
    assert all(is_foreign(k) for k in ("__x__", "cudnn_off", "workspace", "lr_mult", "weight_lr_mult"))
    assert not any(is_foreign(k) for k in ("kernel", "____", "__x", "bogus"))
    assert is_hidden("ctx_group")
    assert not is_hidden("__ctx_group__")


@pytest.mark.parametrize("name", REGISTRY.names())
def test_the_table_and_the_operator_agree(name):
    op = REGISTRY.get(name)
    if op.mxnet:
        assert CANONICAL[name] == op.mxnet[0]
        assert all(our_name(m) == name for m in op.mxnet)
    else:
        assert name not in CANONICAL
