"""mxtrain fit: train a network from a config file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxtrain.base.errors import EnvironmentFault, MXTrainError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = """Train a network from a config file.

KEY=VALUE pairs after the file override its keys: mxtrain fit digits.yaml optimizer.lr=0.01 epochs=20. The run directory
is the last line on stdout; everything else goes to stderr. --resume goes on with a run, with the same bits as if it had
never stopped; epochs=+5 extends it. SIGINT and SIGTERM finish the step, save and exit; SIGUSR1 saves and goes on."""


def command(
    config: Annotated[
        str, typer.Argument(metavar="CONFIG", help="config file, or the name of a shipped one", show_default=False)
    ] = "",
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="keys to set; ~KEY removes one")
    ] = None,
    resume: Annotated[Path | None, typer.Option(metavar="RUN", help="go on with this run")] = None,
    changed_data: Annotated[
        bool, typer.Option("--changed-data", help="with --resume: go on although the data files have changed")
    ] = False,
    runs: Annotated[Path, typer.Option(metavar="FOLDER", help="folder of runs")] = Path("runs"),
    require: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="fail with code 6 unless, e.g., val.accuracy>=0.9")
    ] = None,
) -> None:
    """Run and print the run directory."""
    import numpy as np

    from mxtrain.train.fit import resume_run, start_run
    from mxtrain.train.require import parse_requirements, require_all

    # With --resume there is no config file: what stands in its place is an override.
    tokens = [*([config] if config and resume is not None else []), *(overrides or [])]
    _refuse_contradictions(config, resume, changed_data)
    conditions = parse_requirements(require or [])
    try:
        # What is not finite is looked for, and named with its step: NumPy's warnings would only show lines of our code.
        with np.errstate(all="ignore"):
            if resume is None:
                outcome = start_run(config, tokens, runs, ["mxtrain", *sys.argv[1:]], conditions)
            else:
                outcome = resume_run(resume, tokens, changed_data=changed_data, require=conditions)
    except MemoryError as error:
        raise EnvironmentFault(_out_of_memory(error, config if resume is None else resume, tokens)) from None
    sys.stdout.write(f"{outcome.run}\n")
    require_all(conditions, outcome.values)


def _refuse_contradictions(config: str, resume: Path | None, changed_data: bool) -> None:
    if resume is None and not config:
        raise UsageError("give a config file, or --resume RUN; `mxtrain ls configs` lists the shipped ones")
    if resume is None and changed_data:
        raise UsageError("--changed-data goes with --resume; a new run reads the data as it is")
    if resume is not None and config and "=" not in config and not config.startswith(("~", "-")):
        raise UsageError(
            f"give a config or --resume, not both: {resume} keeps its own config. Override keys of it "
            f"(--resume {resume} epochs=+5), or start a new run: mxtrain fit {config}"
        )


def _out_of_memory(error: MemoryError, source: str | Path, tokens: Sequence[str]) -> str:
    """What was planned, as far as there is memory to tell."""
    from mxtrain.cli._common import size_text
    from mxtrain.train.check import check_config
    from mxtrain.train.fit import load_config

    told = f"out of memory{f': {error}' if str(error) else ''}"
    advice = "take less at once: a smaller batch_size, or grad_accum; `mxtrain check` shows what each needs"
    file = source if isinstance(source, str) else str(source / "config.yaml")
    try:
        record, tree, where = load_config(file, [t for t in tokens if not t.startswith("epochs=+")])
        checked = check_config(record, tree, where)
    except (MXTrainError, MemoryError, OSError):
        return f"{told}; {advice}"
    plan = checked.training[record.memory].memory
    planned = f"planned for a batch of {checked.rows}: {size_text(plan.block)} for activations"
    return f"{told}; {planned}, {size_text(plan.persistent)} for packed weights, besides parameters and data; {advice}"
