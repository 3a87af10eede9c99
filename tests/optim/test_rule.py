"""What all rules have in common: their parameters, their names, their declarations."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from mxtrain import optim
from mxtrain.base.errors import ConfigError
from mxtrain.optim.update import RESERVED

RULES = (
    "adadelta", "adagrad", "adam", "adamw", "ftml", "ftrl", "lamb", "lars", "nadam", "nag", "rmsprop", "sgd", "signum",
)  # fmt: skip
LR = {"adam": 0.001, "adamw": 0.001, "nadam": 0.001, "lamb": 0.001, "rmsprop": 0.001, "ftrl": 0.1, "adadelta": 1.0}
"""MXNet's learning rates, where not 0.01."""


def test_the_folder_is_the_list():
    assert optim.REGISTRY.names() == RULES
    with pytest.raises(ConfigError, match="no optimizer 'adma'; did you mean 'adam'"):
        optim.get("adma")


@pytest.mark.parametrize("name", RULES)
def test_declaration(name):
    optimizer = optim.get(name)
    params = optimizer.params()
    assert optimizer.name == name
    assert (params.lr, params.wd, params.clip_gradient) == (LR.get(name, 0.01), 0.0, None)
    states = optimizer.state_names(params)
    assert len(set(states)) == len(states) and not set(states) & set(RESERVED)
    for bad in ({"lr": -1}, {"wd": -1}, {"clip_gradient": 0}, {"learning_rate": 1}, {"lr": float("nan")}):
        with pytest.raises(ValidationError):
            TypeAdapter(optimizer.params).validate_python(bad)


@pytest.mark.parametrize("name", RULES)
def test_an_epsilon_is_a_float32(name):
    fields = optim.get(name).params.__pydantic_fields__
    if "epsilon" in fields and name != "lars":
        with pytest.raises(ValidationError):
            optim.get(name).params(epsilon=0.0)


@pytest.mark.parametrize("name", ["sgd", "nag", "signum", "lars"])
def test_no_momentum_no_state(name):
    optimizer = optim.get(name)
    assert optimizer.state_names(optimizer.params(momentum=0.0)) == ()
    assert optimizer.state_names(optimizer.params(momentum=0.5)) == ("momentum",)
