"""Sorting parameters by their multipliers."""

from __future__ import annotations

import pytest

from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.executor import make_store
from mxtrain.optim.groups import Multiplier, Parameter, make_groups, span_size

SHAPES = {
    "conv_weight": (4, 3, 3, 3), "conv_bias": (4,), "bn_gamma": (4,), "bn_beta": (4,), "fc_weight": (10, 4),
    "fc_bias": (10,),
}  # fmt: skip


def parameters(**attrs):
    return [Parameter(n, TensorType(s), attrs.get(n, {})) for n, s in SHAPES.items()]


def test_only_weights_and_gammas_decay():
    groups = make_groups(parameters())
    assert [(g.names, g.lr_mult, g.wd_mult, g.position) for g in groups.groups] == [
        (("conv_weight", "bn_gamma", "fc_weight"), 1, 1, 0),
        (("conv_bias", "bn_beta", "fc_bias"), 1, 0, 1),
    ]
    assert groups.order == tuple(SHAPES) and groups.frozen == ()
    assert list(groups.types) == ["conv_weight", "bn_gamma", "fc_weight", "conv_bias", "bn_beta", "fc_bias"]


def test_other_endings():
    assert make_groups(parameters(), decays=("_weight",)).groups[0].names == ("conv_weight", "fc_weight")


def test_the_last_pattern_counts_each_multiplier_for_itself():
    given = (
        Multiplier(match="conv_*", lr_mult=0.1, wd_mult=3),
        Multiplier(match="*_bias", lr_mult=2),
        Multiplier(match="fc_bias", wd_mult=1),
    )
    groups = make_groups(parameters(), given).groups
    found = {n: (g.lr_mult, g.wd_mult) for g in groups for n in g.names}
    assert found == {
        "conv_weight": (0.1, 3), "conv_bias": (2, 3), "bn_gamma": (1, 1), "bn_beta": (1, 0), "fc_weight": (1, 1),
        "fc_bias": (2, 1),
    }  # fmt: skip


def test_attributes_count_where_no_pattern_does():
    attrs = {"fc_weight": {"__lr_mult__": "2.5", "__wd_mult__": "0"}, "fc_bias": {"__wd_mult__": "1.5", "other": "x"}}
    groups = make_groups(parameters(**attrs), [Multiplier(match="fc_weight", lr_mult=4)]).groups
    found = {n: (g.lr_mult, g.wd_mult) for g in groups for n in g.names}
    assert found["fc_weight"] == (4, 0) and found["fc_bias"] == (1, 1.5)


def test_frozen_parameters_are_in_no_group():
    groups = make_groups(
        parameters(bn_gamma={"__lr_mult__": "0"}),
        [Multiplier(match="c*", lr_mult=0), Multiplier(match="fc*", lr_mult=2)],
    )
    assert groups.frozen == ("conv_weight", "conv_bias", "bn_gamma")
    assert groups.order == ("bn_beta", "fc_weight", "fc_bias")
    assert [g.position for g in groups.groups] == [0, 1, 2]
    assert not set(groups.frozen) & set(groups.types)


def test_sizes_are_those_of_the_arenas():
    groups = make_groups(parameters(), [Multiplier(match="fc*", lr_mult=2)])
    store = make_store(Device(), groups.types, {}, {})
    for g in (*groups.groups, *groups.each()):
        assert store.parameters.span(g.names).shape == (g.size,)
    assert span_size([TensorType((17,)), TensorType(())]) == 32 + 16


def test_each_array_keeps_its_place_in_the_net():
    each = make_groups(parameters()).each()
    assert {g.names[0]: g.position for g in each} == {n: k for k, n in enumerate(SHAPES)}
    assert [g.wd_mult for g in each] == [1, 1, 1, 0, 0, 0]


def test_everything_wrong_is_said_at_once():
    with pytest.raises(ConfigError) as caught:
        make_groups(
            parameters(fc_bias={"__lr_mult__": "much"}, fc_weight={"__wd_mult__": "-1"}),
            [Multiplier(match="conv_wieght", lr_mult=1), Multiplier(match="x*", lr_mult=1)],
        )
    assert caught.value.problems == (
        "no parameter matches 'conv_wieght'; near it: conv_weight, fc_weight",
        "no parameter matches 'x*'",
        "parameter 'fc_weight': __wd_mult__ must be a number of at least 0, got '-1'",
        "parameter 'fc_bias': __lr_mult__ must be a number of at least 0, got 'much'",
    )
