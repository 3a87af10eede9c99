"""mxtrain devices: what this machine offers."""

from __future__ import annotations

import os
import platform
import sys
from typing import Annotated, Any

import typer

from mxtrain.cli._common import emit, say

HELP = """List devices and libraries found, and what to do about what lacks."""


def command(
    json: Annotated[bool, typer.Option("--json", help="one JSON object instead of lines")] = False,
) -> None:
    """Look and print."""
    found = look()
    if json:
        emit(found)
        return
    width = max(len(key) for key in found)
    for key, value in found.items():
        if key != "advice":
            shown = ", ".join(value) if isinstance(value, list) else value if value is not None else "not found"
            sys.stdout.write(f"{key.ljust(width)}  {shown}\n")
    for line in found["advice"]:
        say(line)


def look() -> dict[str, Any]:
    """Devices, libraries, and advice on what lacks."""
    import mxtrain
    from mxtrain.backends import onednn

    fast = onednn.available()
    return {
        "mxtrain": mxtrain.__version__,
        "python": platform.python_version(),
        "devices": ["cpu", *gpus()],
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": _memory(),
        "kernels": ["onednn", "reference"] if fast else ["reference"],
        "onednn": onednn.version() if fast else None,
        "cuda": cuda_versions(),
        "advice": [] if fast else list(_advice(platform.system(), platform.machine())),
    }


def gpus() -> list[str]:
    """The GPUs that can be used."""
    from mxtrain.backends import cuda
    from mxtrain.train.device import missing

    return [] if missing() else [f"gpu:{k}" for k in range(cuda.count())]


def cuda_versions() -> list[str] | None:
    """The libraries of CUDA that load, with their versions; None if there are none."""
    from mxtrain.backends.cuda import libraries, nvrtc

    found = [f"NVRTC {nvrtc.version()}"] if nvrtc.available() else []
    found += [f"{s.name} {s.version}" for s in libraries.states() if s.version]
    return found or None


def _memory() -> str:
    """Memory of the machine, in GiB."""
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / (1 << 30):.1f} GiB"


def _advice(system: str, machine: str) -> list[str]:
    """What to do where oneDNN was not found."""
    from importlib.metadata import PackageNotFoundError, version

    slow = "oneDNN was not found: everything runs on the slow reference kernels."
    if system != "Linux" or machine not in ("x86_64", "AMD64"):
        return [slow, f"Its wheel, onednn-cpu-gomp, is made for Linux on x86-64; this is {system} on {machine}."]
    try:
        there = version("onednn-cpu-gomp")
    except PackageNotFoundError:
        return [slow, f"Install it: {sys.executable} -m pip install onednn-cpu-gomp"]
    return [
        slow,
        f"onednn-cpu-gomp {there} is installed but does not load. It needs the system's libgomp.so.1: "
        "apt install libgomp1, or dnf install libgomp.",
    ]
