"""The initializer section of a config file."""

from __future__ import annotations

from typing import Annotated

import pytest

from mxtrain import init
from mxtrain.base.params import declare, param
from mxtrain.config.check import check
from mxtrain.config.component import Chosen, plain
from mxtrain.config.schema import json_schema


@declare
class Config:
    """A file with this section alone."""

    initializer: Annotated[Chosen, init.SECTION] = param(doc="how parameters begin")


@pytest.mark.parametrize(
    "section",
    [
        "xavier",
        {"name": "normal", "sigma": 0.1},
        {
            "name": "xavier",
            "magnitude": 2,
            "patterns": [
                {"match": "fc*_weight", "initializer": {"name": "normal", "sigma": 0.01}},
                {"match": "*_bias", "initializer": "ones"},
            ],
        },
    ],
)
def test_it_reads_back_as_it_was_filled(section):
    config, problems = check(Config, {"initializer": section})
    assert not problems
    assert check(Config, plain(config)) == (config, [])


def test_patterns_reach_the_rule():
    patterns = [{"match": "fc*_weight", "initializer": {"name": "normal", "sigma": 0.5}}]
    config, _ = check(Config, {"initializer": {"name": "uniform", "patterns": patterns}})
    rule = init.rule_of(config.initializer)
    assert init.choose(rule, "fc1_weight", {}) == Chosen("normal", init.get("normal").params(sigma=0.5))
    assert init.choose(rule, "conv1_weight", {}).name == "uniform"
    assert init.initial_value(rule, "conv1_weight", (3, 4), {}, seed=0).shape == (3, 4)


def test_everything_wrong_is_said_at_once():
    patterns = [{"match": "a", "initializer": {"name": "normal", "sigma": -1}}, {"initializer": "zero"}]
    _, problems = check(Config, {"initializer": {"name": "xavier", "magnitud": 2, "patterns": patterns}})
    assert {(".".join(map(str, p.path)), p.message.split(";")[0]) for p in problems} == {
        ("initializer.patterns.0.initializer.sigma", "must be a number >= 0, got -1"),
        ("initializer.patterns.1", "missing key 'match' (a text that is not empty)"),
        ("initializer.patterns.1.initializer", "no initializer 'zero'"),
        ("initializer.magnitud", "unknown key 'magnitud'"),
    }


def test_editors_know_the_patterns():
    assert "patterns" in str(json_schema(Config))
