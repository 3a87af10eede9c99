"""A small schema with everything that a config can hold: components, unions, lists, maps, nested records."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Annotated, Literal

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import Name, Spatial, declare, param
from mxtrain.base.registry import Registry
from mxtrain.config.component import Chosen, Component


@declare
class Sgd:
    """Plain descent."""

    lr: float = param(0.01, gt=0, doc="step size")
    momentum: float = param(0.0, ge=0, lt=1, doc="how much of the last step is kept")
    betas: tuple[float, float] = param((0.9, 0.999), doc="two numbers")


@declare
class Adam:
    """Needs its rate."""

    lr: float = param(gt=0, doc="step size")
    flags: dict[str, bool] = param({}, doc="switches")


@declare
class Flip:
    """Mirror."""

    p: float = param(0.5, ge=0, le=1, doc="probability")


@declare
class Crop:
    """Cut out."""

    size: Spatial = param(doc="height and width")


@declare
class Layer:
    """Any layer."""

    kernel: Spatial = param((1, 1), doc="window")
    kind: Literal["max", "avg"] = param("max", doc="what is pooled")


OPTIMIZERS: Registry[SimpleNamespace] = Registry("no_such_package_optimizers", "x", "optimizer")
AUGMENTERS: Registry[SimpleNamespace] = Registry("no_such_package_augmenters", "x", "augmenter")
for _name, _class in {"sgd": Sgd, "adam": Adam}.items():
    OPTIMIZERS.add(_name, SimpleNamespace(params=_class))
for _name, _class in {"flip": Flip, "crop": Crop}.items():
    AUGMENTERS.add(_name, SimpleNamespace(params=_class))


@declare
class Fit:
    """A configuration."""

    epochs: int = param(ge=1, doc="passes over the data")
    name: Name = param("run", doc="what the run is called")
    shuffle: bool = param(True, doc="in random order")
    batch_size: int | Literal["auto"] = param(128, doc="samples per step")
    steps: int | None = param(None, ge=1, doc="stop after so many")
    warmup: Layer | str | float = param("none", doc="a union with a record in it")
    layers: list[Layer] = param([], doc="a list of records", max_length=3)
    scales: dict[str, float] = param({}, doc="numbers by name")
    classes: dict[int, str] = param({}, doc="names by number")
    source: str = param("", doc="another key in files: from", alias="from")
    optimizer: Annotated[Chosen, Component(lambda: OPTIMIZERS)] = param("sgd", doc="update rule", validate_default=True)
    second: Annotated[Chosen, Component(lambda: OPTIMIZERS)] | None = param(None, doc="another update rule")
    augment: Annotated[tuple[Chosen, ...], Component(lambda: AUGMENTERS)] = param((), doc="what is done to images")


CONFIG = """\
# a run
epochs: 10
name: birds-r50
batch_size: auto
optimizer: {name: adam, lr: 1e-3}
augment:
  - flip
  - crop: {size: 28}
layers:
  - {kernel: 3}
  - kernel: [3, 5]
    kind: avg
scales: {a: 1, b: .5}
classes: {0: cat, 1: "no"}
from: 'x: y'
"""


@pytest.fixture(scope="session")
def schema():
    return Fit


@pytest.fixture(scope="session")
def config():
    return CONFIG


@pytest.fixture(scope="session")
def refused():
    """The problems of a call that must raise ConfigError."""

    def call(function, *args, **kwargs):
        with pytest.raises(ConfigError) as caught:
            function(*args, **kwargs)
        return list(caught.value.problems)

    return call


@pytest.fixture(scope="session")
def heads(refused):
    """As `refused`, only the first line of each problem."""
    return lambda function, *args, **kwargs: [p.split("\n")[0] for p in refused(function, *args, **kwargs)]
