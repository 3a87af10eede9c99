"""From the parts of a run to the steps of its devices: one GPU, or replicas on several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError
from mxtrain.metrics import MetricSet
from mxtrain.train.build import Built
from mxtrain.train.device import gpus_of, make_device
from mxtrain.train.device_step import DeviceSteps
from mxtrain.train.evaluate import batch_types
from mxtrain.train.feeder import Feeder
from mxtrain.train.program import make_program
from mxtrain.train.replicas import Replicas, Steps, over_nccl
from mxtrain.train.updater import Updater


def make_steps(built: Built, feeder: Feeder, metrics: MetricSet) -> Steps | None:
    """How the devices of a run are asked; None on the host, where the loop does all itself.

    Raises:
        BackendUnavailable: if a device cannot be used.
        ConfigError: if a batch cannot be divided among the devices.
    """
    if built.device.runtime is None:
        return None
    config = built.config
    choices = {"graph": config.cuda_graph, "deterministic": config.deterministic}
    first = DeviceSteps(built.program, built.updater, feeder, metrics, **choices)
    first.on_device = built.train.on_device
    numbers = gpus_of(config.device)
    if len(numbers) == 1:
        return first

    short = built.train.it.samples % config.batch_size
    if config.data.last_batch == "keep" and 0 < short < len(numbers) * config.grad_accum:
        raise ConfigError(
            f"the last batch of an epoch has {short} samples, which cannot be divided among {len(numbers)} GPUs; "
            "data.last_batch=drop leaves it out, and wrap fills it"
        )

    def device(number: int) -> Callable[[], Device]:
        options = {"deterministic": config.deterministic, "tf32": config.precision == "tf32"}
        return lambda: make_device(built.device.threads, f"gpu:{number}", **options)

    def make(device: Device) -> DeviceSteps:
        types = batch_types(built.train.it, 1, labels=built.names)
        program = make_program(built.heads, types, device, built.program.options, built.program.trained)
        updater = Updater(built.updater.rule, built.updater.groups, program.store)
        steps = DeviceSteps(program, updater, replace(feeder, device=device), built.metric_set(), **choices)
        steps.on_device = built.train.on_device
        return steps

    return Replicas(first, over_nccl(len(numbers)), [device(k) for k in numbers[1:]], make)
