"""The keys of a config file, declared once: what `mxtrain check` accepts, the JSON Schema and the reference docs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mxtrain import init, metrics, optim
from mxtrain.base.params import declare, param
from mxtrain.config.component import Chosen, Component
from mxtrain.config.tree import show
from mxtrain.data import augment, mix, sources
from mxtrain.optim import Multiplier, schedules
from mxtrain.train.device import PATTERN, check_name

MOST_ROWS = 1 << 24
"""Samples of a batch: with far more, the numbers of elements inside oneDNN run over, and the process dies."""

RunName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


def _epochs(value: Any) -> Any:
    if _count(value) or (isinstance(value, str) and re.fullmatch(_MORE, value)):
        return value
    raise ValueError(f"must be a whole number of epochs, or +N with --resume, got {show(value)}")


def _period(value: Any) -> Any:
    if _count(value) or (isinstance(value, str) and re.fullmatch(_PERIOD, value)):
        return value
    raise ValueError(f"must be a number of steps, or a text such as '1 epoch' or '500 steps', got {show(value)}")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


Count = Annotated[int, Field(ge=0)]
_MORE, _PERIOD = r"\+[0-9]{1,9}", r"[0-9]{1,12} (epochs?|steps?)"
Epochs = Annotated[
    int | str,
    BeforeValidator(_epochs, json_schema_input_type=Count | Annotated[str, Field(pattern=f"^{_MORE}$")]),
]
Period = Annotated[
    int | str,
    BeforeValidator(_period, json_schema_input_type=Count | Annotated[str, Field(pattern=f"^{_PERIOD}$")]),
]

DeviceName = Annotated[
    str, BeforeValidator(check_name, json_schema_input_type=Annotated[str, Field(pattern=f"^({PATTERN})$")])
]

AUGMENTERS, METRICS, OPTIMIZERS = augment.REGISTRY, metrics.REGISTRY, optim.REGISTRY
MIXERS, SCHEDULES, SOURCES = mix.REGISTRY, schedules.REGISTRY, sources.REGISTRY

SourceChoice = Annotated[Chosen, Component(lambda: SOURCES)]


@declare
class Data:
    """Where samples come from."""

    root: str = param(
        "", doc="folder that other paths start from; empty: the config file's; ${MXTRAIN_DATA} may stand in it"
    )
    train: SourceChoice | None = param(None, doc="samples to train on")
    val: SourceChoice | None = param(None, doc="samples to evaluate on after every epoch")
    shuffle: bool = param(True, doc="a new order in every epoch")
    last_batch: Literal["keep", "drop", "wrap"] = param("keep", doc="a short last batch is kept, dropped or filled up")
    on_error: Literal["stop", "skip"] = param(
        "stop", doc="an unreadable sample stops the run, or is replaced and counted"
    )
    max_bad: float = param(0.001, ge=0, le=1, doc="part of the samples that may be replaced before the run stops")
    threads: Annotated[int, Field(ge=0, le=256)] | Literal["auto"] = param("auto", doc="threads that read and decode")
    decoder: Literal["auto", "nvjpeg", "pillow", "simplejpeg"] = param(
        "auto",
        doc="what decodes JPEGs; auto: the fastest library of the host, or what the checkpoint says; nvjpeg: a GPU",
    )
    overlap: Literal["auto", "always", "never"] = param(
        "auto", doc="they work while the net computes; auto: if the first batches show that to be faster"
    )


@declare
class Checkpoints:
    """When the state of the run is saved, and which saves are kept."""

    every: Period = param(
        "1 epoch", doc="a number of steps, or text such as '1 epoch' or '500 steps'; 0: only at the end"
    )
    keep_last: int | None = param(3, ge=1, doc="newest checkpoints to keep; null: all")
    keep_best: int = param(1, ge=0, doc="best checkpoints to keep, by `monitor`")
    monitor: str | None = param(
        None, doc="metric that says which is best, such as val.accuracy; default: the first metric"
    )
    on_full: Literal["stop", "prune"] = param("stop", doc="a full disk stops the run, or costs one old checkpoint")


@declare
class EarlyStop:
    """Stop when a metric no longer improves."""

    monitor: str = param(doc="metric, such as val.accuracy")
    patience: int = param(5, ge=1, doc="whole epochs without an improvement")
    min_delta: float = param(0.0, ge=0, doc="what counts as an improvement")


@declare
class Ema:
    """Exponential moving average of the parameters; evaluation and prediction use it."""

    decay: float = param(0.999, gt=0, lt=1, doc="how much the average keeps per step")


@declare
class Log:
    """What is said while training."""

    every: int = param(50, ge=1, doc="batches between two lines")
    progress: Literal["auto", "bar", "plain", "off"] = param("auto", doc="how progress is shown on stderr")


@declare
class Start:
    """Parameters to begin with."""

    weights: str | None = param(None, doc=".params file or a run whose arrays are taken over by name")
    match: Literal["all", "name"] = param(
        "all", doc="all: every array must fit; name: those that fit are taken, the rest drawn"
    )


@declare
class Config:
    """One training run."""

    name: RunName = param("run", doc="name of the run: runs/<name>/<number>")
    seed: int = param(0, ge=0, lt=2**63, doc="of everything that is random")
    device: DeviceName = param("cpu", doc="cpu, gpu, gpu:1, gpu:0-3, or auto: a GPU if one can be used")
    deterministic: bool = param(False, doc="on a GPU, only kernels that give the same bits every time")
    cuda_graph: bool = param(True, doc="on a GPU, a step is captured once and launched as one graph")
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = param("auto", doc="threads of the kernels")
    precision: Literal["fp32", "tf32", "bf16", "fp16"] = param(
        "fp32",
        doc="bf16, fp16: activations in 16 bits, float32 masters, with fp16 a dynamic loss scale; tf32: float32 whose "
        "products a GPU may round to 10 bits",
    )
    net: Any = param(doc="the network: a list of layers, or {file: ..., classes: ...}")
    input_shape: tuple[Annotated[int, Field(ge=1)], ...] | None = param(
        None, doc="shape of one sample, (channels, height, width), where `check` shall not look at the data"
    )
    data: Data = param(doc="where samples come from")
    augment: Annotated[tuple[Chosen, ...], Component(lambda: AUGMENTERS)] = param(
        (), doc="what is done to each image, in order"
    )
    mix: Annotated[tuple[Chosen, ...], Component(lambda: MIXERS)] = param(
        (), doc="how the samples of a training batch are blended: mixup, cutmix"
    )
    batch_size: int = param(128, ge=1, le=MOST_ROWS, doc="samples per update, over all devices")
    eval_batch_size: int | None = param(
        None, ge=1, le=MOST_ROWS, doc="samples per batch of evaluation; default: batch_size"
    )
    grad_accum: int = param(1, ge=1, doc="parts in which a batch is computed, to save memory")
    epochs: Epochs = param(10, doc="passes over the training data; +N on resume adds N")
    max_steps: int | None = param(
        None,
        ge=1,
        doc="updates after which the run ends, if earlier; an epoch cut short is evaluated and may be the best, "
        "but early_stop does not count it",
    )
    optimizer: Annotated[Chosen, Component(lambda: OPTIMIZERS)] = param(doc="update rule")
    lr_scheduler: Annotated[Chosen, Component(lambda: SCHEDULES)] | None = param(
        None, doc="how the learning rate changes"
    )
    multipliers: tuple[Multiplier, ...] = param(
        (), doc="of learning rate and weight decay, by name; the last match counts"
    )
    clip_global_norm: float | None = param(None, gt=0, doc="largest norm of all gradients together")
    ema: Ema | None = param(None, doc="average the parameters")
    initializer: Annotated[Chosen, init.SECTION] = param(
        "xavier", doc="how parameters are drawn", validate_default=True
    )
    start: Start = param(default_factory=Start, doc="parameters to begin with")
    metrics: Annotated[tuple[Chosen, ...], Component(lambda: METRICS)] = param(
        ("accuracy", "cross_entropy"), doc="what is measured", validate_default=True
    )
    checkpoint: Checkpoints = param(default_factory=Checkpoints, doc="when the state is saved")
    early_stop: EarlyStop | None = param(None, doc="stop when a metric no longer improves")
    memory: Literal["none", "inplace", "co-share", "both", "recompute"] = param(
        "both", doc="how activations share memory; recompute: the least memory, some of the forward runs twice"
    )
    log: Log = param(default_factory=Log, doc="what is said while training")


__all__ = ["MOST_ROWS", "Checkpoints", "Config", "Data", "EarlyStop", "Ema", "Log", "Start"]
