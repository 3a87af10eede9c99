"""Which initialiser a parameter gets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain import init
from mxtrain.base.errors import ConfigError
from mxtrain.config.component import Chosen
from mxtrain.init import Rule


def chosen(name, **params):
    return Chosen(name, init.get(name).params(**params))


RULE = Rule(chosen("xavier"))


@pytest.mark.parametrize(
    ("name", "initializer"),
    [
        ("fc1_weight", "xavier"), ("weight", "xavier"), ("fc1_bias", "zeros"), ("bn_beta", "zeros"),
        ("bn_gamma", "ones"), ("bn_moving_mean", "zeros"), ("bn_moving_var", "ones"), ("bn_running_mean", "zeros"),
        ("bn_running_var", "ones"),
    ],
)  # fmt: skip
def test_by_name(name, initializer):
    assert init.choose(RULE, name, {}).name == initializer


def test_a_name_that_says_nothing_is_refused():
    with pytest.raises(ConfigError, match="parameter 'position': nothing says how it begins.*weight, bias, beta"):
        init.choose(RULE, "position", {})


def test_the_last_pattern_counts_before_all_else():
    patterns = (
        ("*", chosen("normal")),
        ("fc?_bias", chosen("constant", value=0.1)),
        ("conv", chosen("ones")),
        ("fc2_*", chosen("uniform", scale=0.5)),
    )
    rule = Rule(chosen("xavier"), patterns)
    assert init.choose(rule, "conv_weight", {"__init__": "zeros"}) == chosen("normal")
    assert init.choose(rule, "fc1_bias", {}) == chosen("constant", value=0.1)
    assert init.choose(rule, "fc2_bias", {}) == chosen("uniform", scale=0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zeros", chosen("zeros")),
        ('["zero", {}]', chosen("zeros")),
        ('["One", {}]', chosen("ones")),
        ('["Constant", {"value": 0.25}]', chosen("constant", value=0.25)),
        ('["xavier", {"rnd_type": "gaussian", "factor_type": "in", "magnitude": 2}]',
         chosen("xavier", rnd_type="gaussian", factor_type="in", magnitude=2)),
        ('["msraprelu", {"factor_type": "in", "slope": 0}]', chosen("msra_prelu", factor_type="in", slope=0)),
        (' ["bilinear", {}]', chosen("bilinear")),
    ],
)  # fmt: skip
def test_what_mxnet_wrote_is_read(text, expected):
    assert init.choose(RULE, "x", {"__init__": text}) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "must be a name, or JSON"),
        ('["xavier"]', "must be a name, or JSON"),
        ('["xavier", 3]', "must be a name, or JSON"),
        ("[" * 5000, "must be a name, or JSON"),
        ("xaver", "no initializer 'xaver'; did you mean 'xavier'"),
        ('["Load", {"param": "x"}]', "no initializer 'load'"),
        ('["constant", {"value": [1, 2]}]', "value: must be a number, got "),
        ('["constant", {}]', "missing key 'value'"),
        ('["normal", {"sgima": 1}]', "unknown key 'sgima'"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(ConfigError) as caught:
        init.choose(RULE, "fc1_weight", {"__init__": text})
    assert str(caught.value).startswith("parameter 'fc1_weight': __init__ ") and message in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        assert init.choose(RULE, "x_weight", {"__init__": text}).name in init.REGISTRY
    except ConfigError:
        return


def test_a_value_depends_on_no_other_parameter():
    first = init.initial_value(RULE, "fc1_weight", (5, 4), {}, seed=3)
    init.initial_value(RULE, "fc2_weight", (5, 4), {}, seed=3)
    np.testing.assert_array_equal(init.initial_value(RULE, "fc1_weight", (5, 4), {}, seed=3), first)
    for name, seed in (("fc2_weight", 3), ("fc1_weight", 4)):
        assert not np.array_equal(init.initial_value(RULE, name, (5, 4), {}, seed), first)


def test_an_unfit_shape_names_the_parameter():
    with pytest.raises(
        ConfigError, match="initializer xavier: parameter 'scale_weight' must have at least 2 axes, got "
    ):
        init.initial_value(RULE, "scale_weight", (5,), {}, seed=0)
