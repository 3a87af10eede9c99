"""The device of a run: what ``device:`` may say, what is missing where there is none, what a checkpoint keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mxtrain.backends import cuda, onednn
from mxtrain.backends.cuda import libraries, nccl
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.config.tree import show

FORMS = "cpu, gpu, gpu:1, gpu:0-3 or auto"
PATTERN = r"cpu|auto|gpu(:[0-9]{1,3}(-[0-9]{1,3})?)?"


def check_name(value: Any) -> Any:
    """A device as a config names it.

    Raises:
        ValueError: saying what it may be.
    """
    if not isinstance(value, str) or not re.fullmatch(PATTERN, value):
        raise ValueError(f"must be {FORMS}, got {show(value)}")
    numbers = gpus_of(value)
    if not numbers:
        raise ValueError(f"must be {FORMS}, the smaller number first, got {show(value)}")
    return value


def gpus_of(name: str) -> tuple[int, ...]:
    """Numbers of the GPUs that a device name stands for; (0,) for one that names none."""
    first, _, last = name.partition(":")[2].partition("-")
    return tuple(range(int(first or 0), int(last or first or 0) + 1))


def missing() -> tuple[str, ...]:
    """What keeps this machine from using a GPU, one text per thing, each with what to do; empty if nothing does."""
    needed = [w.name for w in libraries.WANTED if w.needed]
    return (*cuda.why_not(), *(_told(s) for s in libraries.states() if s.name in needed and s.problem))


def optional() -> tuple[str, ...]:
    """What a GPU can do without, one text per thing, each with what to do."""
    spare = [w.name for w in libraries.WANTED if not w.needed]
    return tuple(_told(s) for s in libraries.states() if s.name in spare and s.problem)


def _told(state: libraries.State) -> str:
    purpose = next(w.purpose for w in libraries.WANTED if w.name == state.name)
    return f"{state.name} ({purpose}): {state.problem}"


def make_device(threads: int, name: str = "cpu", *, deterministic: bool = False, tf32: bool = False) -> Device:
    """The device, with this many threads for its kernels.

    Args:
        name: as a config has it; ``auto`` is a GPU if one can be used. Of several GPUs, the first.
        deterministic: only kernels that give the same bits every time.
        tf32: products of float32 may be rounded to 10 bits.

    Raises:
        BackendUnavailable: saying what is missing, and what to install.
    """
    if name == "auto":
        name = "cpu" if missing() else "gpu"
    onednn.set_threads(threads)
    if name == "cpu":
        kernels = ("onednn", "reference") if onednn.available() else ("reference",)
        return Device("cpu", kernels, threads)
    lacking = missing()
    if lacking:
        listed = "".join(f"\n    {text}" for text in lacking)
        raise BackendUnavailable(
            f"device {name}: no GPU can be used on this machine:{listed}\n"
            "device=cpu trains without one; `mxtrain doctor` looks again"
        )
    several = len(gpus_of(name)) > 1
    if several and nccl.why_not():
        raise BackendUnavailable(f"device {name}: several GPUs need NCCL: {nccl.why_not()}")
    device = cuda.make_device(gpus_of(name)[0], deterministic=deterministic, threads=threads)
    cuda.cuda_of(device).tf32 = tf32
    return device


def facts(device: Device) -> dict[str, Any]:
    """What a checkpoint keeps of the device: its name, and the timed choices that bits depend on."""
    choices = {} if device.runtime is None else dict(sorted(cuda.cuda_of(device).tuning.used.items()))
    return {"device": device.name, "choices": choices}


def take_over(device: Device, kept: Mapping[str, Any]) -> str:
    """Use the choices of a checkpoint again.

    Returns:
        What will not have the bits of a run that was not stopped, as a sentence; "" if all will.
    """
    then, choices = str(kept.get("device", "cpu")), kept.get("choices") or {}
    if device.runtime is not None and choices:
        cuda.cuda_of(device).tuning.give({str(k): str(v) for k, v in choices.items()})
    if kind(then) != kind(device.name):
        return f"the checkpoint was made on {then}, and the run goes on on {device.name}: results will differ in bits"
    return ""


def kind(name: str) -> str:
    """``cpu`` or ``gpu``."""
    return name.partition(":")[0]
