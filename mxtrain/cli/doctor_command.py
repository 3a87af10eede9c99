"""mxtrain doctor: what this machine lacks, one line each, with the command that helps."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from mxtrain.cli._common import emit

HELP = """Say what this machine lacks to train on the CPU and on a GPU, and the command that installs it. The exit code
is 0 unless --gpu asks for a GPU and none can be used."""

WITH_PROBLEMS = {"cpu": "slow", "gpu": "cannot be used", "gpu extras": "not all there"}


def command(
    gpu: Annotated[bool, typer.Option("--gpu", help="fail with code 4 unless a GPU can be used")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON object instead of lines")] = False,
) -> None:
    """Look and print."""
    from mxtrain.base.errors import BackendUnavailable

    found = examine()
    if json:
        emit(found)
    else:
        for name, problems in found.items():
            said = "ready" if not problems else WITH_PROBLEMS[name]
            sys.stdout.write(f"{name}: {said}\n")
            sys.stdout.writelines(f"  - {text}\n" for text in problems)
    if gpu and found["gpu"]:
        raise BackendUnavailable("no GPU can be used on this machine, and --gpu asked for one")


def examine() -> dict[str, Any]:
    """What lacks, by what lacks it."""
    from mxtrain.cli.devices_command import look
    from mxtrain.train.device import missing, optional

    return {"cpu": look()["advice"], "gpu": list(missing()), "gpu extras": list(optional())}
