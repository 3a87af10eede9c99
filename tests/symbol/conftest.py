"""Nets from a few lines of YAML."""

from __future__ import annotations

import pathlib
import textwrap

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.config.load import loads
from mxtrain.symbol.build import build_net

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="session")
def net():
    """``net(text)``: the symbol of a config whose text begins at ``net:``'s value, indented or not."""

    def build(text, search=(CONFIGS,)):
        body = textwrap.indent(textwrap.dedent(text).strip("\n"), "  ")
        return build_net(loads(f"net:\n{body}\n", "net.yaml").at(("net",)), search=search)

    return build


@pytest.fixture(scope="session")
def problems(net):
    """``problems(text)``: the first line of every problem of a net that must have some. The text begins in line 2."""

    def find(text):
        with pytest.raises(ConfigError) as caught:
            net(text)
        return [problem.splitlines()[0].removeprefix("net.yaml:") for problem in caught.value.problems]

    return find
