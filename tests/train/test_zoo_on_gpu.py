"""Nets of the zoo on a GPU with its libraries: every step of training can be part of one captured graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxtrain.backends.cuda.tuning import Tuning
from mxtrain.base.types import TensorType
from mxtrain.config.load import loads
from mxtrain.passes import Options, infer_types
from mxtrain.symbol.build import build_net
from mxtrain.train.program import compile_training, variables
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, fake_cudnn, needs_compiler

FOLDER = Path(__file__).parents[2] / "configs"
IMAGES = {
    "lenet": (1, 28, 28), "resnet-cifar": (3, 32, 32), "alexnet": (3, 224, 224), "googlenet": (3, 224, 224),
    "vgg": (3, 224, 224), "resnet": (3, 224, 224), "mobilenet-v2": (3, 224, 224), "inception-v3": (3, 299, 299),
}  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("net", IMAGES)
def test_every_step_can_be_captured(net, monkeypatch):
    # Guesses instead of timings, so that nothing of the size of a real net is allocated.
    monkeypatch.setattr(Tuning, "choose", lambda self, key, names, measure: names[0])
    symbol = build_net(loads(f"net: {{file: {net}}}").at(("net",)), search=[FOLDER])
    heads = tuple(symbol.entries)
    labels = {n: TensorType((2,)) for n in symbol.list_arguments() if n.endswith("label")}
    types = {"data": TensorType((2, *IMAGES[net])), **labels}
    trained = list(variables(infer_types(heads, types), "parameter"))
    with fake_cudnn(), fake_cublaslt():
        compiled = compile_training(heads, trained, types, fake_device(), Options(precision="bfloat16"))
    lacking = [f"{n.where}: {r.name}" for n, r in compiled.recipes.items() if not r.capturable and not r.view]
    assert not lacking, "\n".join(lacking)
    used = {r.name.split(":")[1] for r in compiled.recipes.values() if r.name.startswith("cuda:")}
    assert {"cudnn", "cublaslt"} <= used
