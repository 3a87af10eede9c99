"""Every net of the zoo can be captured as one graph: in no precision is a step of its training the reference's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mxtrain.backends.cuda.tuning import Tuning
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.config.load import loads
from mxtrain.passes import Options, infer_types
from mxtrain.symbol.build import build_net
from mxtrain.symbol.variables import with_declared
from mxtrain.train.program import compile_training, variables
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler

FOLDER = Path(__file__).parents[2] / "configs"
NETS = sorted(p.stem for p in (FOLDER / "nets").glob("*.yaml"))
IMAGES = [(2, 3, 64, 64), (2, 3, 224, 224), (2, 1, 28, 28), (2, 784)]
"""What a net may take; the first that fits is used."""


@pytest.fixture(scope="module")
def libraries():
    with fake_cudnn(), fake_cublaslt():
        yield


def entries(name):
    return with_declared(build_net(loads(f"net: {{file: {name}}}").at(("net",)), search=[FOLDER]).entries)


def first_that_fits(heads):
    refused = []
    for shape in IMAGES:
        try:
            return shape, infer_types(heads, {"data": TensorType(shape)})
        except ConfigError as e:
            refused.append(str(e))
    pytest.fail("\n".join(refused))


@needs_compiler
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", NETS)
def test_every_step_can_be_captured(name, precision, libraries, monkeypatch):
    # Nothing is timed: the first that is offered is taken.
    monkeypatch.setattr(Tuning, "choose", lambda self, key, names, measure: names[0])
    heads = entries(name)
    shape, g = first_that_fits(heads)
    types, trained = {"data": TensorType(shape)}, list(variables(g, "parameter"))
    compiled = compile_training(heads, trained, types, fake_device(), Options(precision=precision))
    kept = Counter(n.op.name for n, r in compiled.recipes.items() if not r.view and not r.capturable)
    assert not kept
