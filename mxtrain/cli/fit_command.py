"""mxtrain fit: train a network from a config file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

HELP = """Train a network from a config file.

KEY=VALUE pairs after the file override its keys: mxtrain fit digits.yaml optimizer.lr=0.01 epochs=20. The run directory
is the last line on stdout; everything else goes to stderr. --resume goes on with a run, with the same bits as if it had
never stopped; epochs=+5 extends it."""


def command(
    config: Annotated[str, typer.Argument(help="config file, or the name of a shipped one")] = "",
    overrides: Annotated[list[str] | None, typer.Argument(help="KEY=VALUE, or ~KEY to remove a key")] = None,
    resume: Annotated[Path | None, typer.Option(help="go on with this run")] = None,
    runs: Annotated[Path, typer.Option(help="folder of runs")] = Path("runs"),
    require: Annotated[list[str] | None, typer.Option(help="fail with code 6 unless, e.g., val.accuracy>=0.9")] = None,
) -> None:
    """Run and print the run directory."""
    from mxtrain.train.fit import resume_run, start_run
    from mxtrain.train.require import parse_requirements, require_all

    tokens = list(overrides or [])
    conditions = parse_requirements(require or [])
    if resume is not None:
        # With --resume there is no config file: what stands in its place is an override.
        outcome = resume_run(resume, [config, *tokens] if config else tokens, sys.argv)
    else:
        if not config:
            from mxtrain.base.errors import UsageError

            raise UsageError("give a config file, or --resume RUN; `mxtrain ls configs` lists the shipped ones")
        outcome = start_run(config, tokens, runs, sys.argv)
    sys.stdout.write(f"{outcome.run}\n")
    require_all(conditions, outcome.values)
