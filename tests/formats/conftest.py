"""Fixtures for the formats: operators to read symbol files with, and damage to do to files."""

from __future__ import annotations

import struct

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import Spatial, declare, param
from mxtrain.graph import Op


@declare
class Convolution:
    num_filter: int = param(ge=1, doc="channels")
    kernel: Spatial = param(doc="window")
    stride: Spatial = param((), doc="step")
    no_bias: bool = param(False, doc="without bias")


@declare
class BatchNorm:
    eps: float = param(1e-3, gt=0, doc="added to the variance")
    fix_gamma: bool = param(True, doc="gamma is 1")


@declare
class FullyConnected:
    num_hidden: int = param(ge=1, doc="outputs")
    no_bias: bool = param(False, doc="without bias")


@declare
class Activation:
    act_type: str = param(doc="function")


@declare
class Concat:
    num_args: int = param(ge=1, doc="inputs")
    dim: int = param(1, doc="axis")


@declare
class SliceChannel:
    num_outputs: int = param(ge=1, doc="parts")


@declare
class Argmax:
    axis: int | None = param(None, doc="axis; None: all")


def _weighted(p):
    return ("data", "weight") if p.no_bias else ("data", "weight", "bias")


def _unused(params, ins, outs):
    raise NotImplementedError


def _make(name, **kw):
    return Op(name, _unused, **kw)


@pytest.fixture(scope="session")
def get():
    """Operators by name: enough of MXNet's to read small nets."""
    numbers = lambda p: tuple(f"output{i}" for i in range(p.num_outputs))  # noqa: E731
    made = [
        _make("convolution", params=Convolution, inputs=_weighted),
        _make("fully_connected", params=FullyConnected, inputs=_weighted),
        _make("activation", params=Activation),
        _make("concat", params=Concat, inputs=lambda p: tuple(f"arg{i}" for i in range(p.num_args)), variadic=True),
        _make("slice_channel", params=SliceChannel, outputs=numbers, visible=1000),
        _make("softmax_output", inputs=("data", "label")),
        _make("elemwise_add", inputs=("lhs", "rhs")),
        _make("argmax", params=Argmax),
        _make("flatten"),
        _make(
            "batch_norm",
            params=BatchNorm,
            inputs=("data", "gamma", "beta", "moving_mean", "moving_var"),
            outputs=("output", "mean", "var"),
            auxiliary=("moving_mean", "moving_var"),
        ),
    ]
    table = {op.name: op for op in made}

    def find(name):
        if name not in table:
            raise ConfigError(f"no operator {name!r}")
        return table[name]

    return find


@pytest.fixture(scope="session")
def mutate():
    """A function: bytes damaged at random, by a Generator."""
    words = [0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 33, 0x112]

    def change(data, rng):
        data = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            at, kind = int(rng.integers(0, len(data) + 1)), int(rng.integers(0, 5))
            if kind == 0:
                data[at : at + 1] = bytes([int(rng.integers(0, 256))])
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                del data[at : at + int(rng.integers(1, 9))]
            elif kind == 3:
                other = int(rng.integers(0, len(data) + 1))
                data[at:at] = data[other : other + int(rng.integers(1, 33))]
            else:
                word = words[int(rng.integers(0, len(words)))]
                data[at : at + 4] = struct.pack("<I", word)
        return bytes(data)

    return change
