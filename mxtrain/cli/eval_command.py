"""mxtrain eval: measure a trained model on a data set."""

from __future__ import annotations

from typing import Annotated

import typer

from mxtrain.cli._common import emit, log_to_stderr
from mxtrain.cli._options import Run, Threads

HELP = """Measure a trained model on the evaluation data of its config; the metrics are one JSON line on stdout.

Every sample counts once, whatever the batch size. KEY=VALUE pairs override keys of the run's config, such as
data.val.folder=/other/images."""


def command(
    run: Run,
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="keys to set; ~KEY removes one")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="samples computed at once; default: as in training")
    ] = None,
    threads: Threads = None,
    require: Annotated[
        list[str] | None, typer.Option(metavar="CONDITION", help="fail with code 6 unless, e.g., accuracy>=0.9")
    ] = None,
) -> None:
    """Load, measure, print."""
    from mxtrain.train.fit import evaluate_run
    from mxtrain.train.require import parse_requirements, require_all

    log_to_stderr()
    conditions = parse_requirements(require or [])
    values, samples = evaluate_run(run, list(overrides or []), batch_size=batch_size, threads=threads)
    emit({**values, "samples": samples})
    require_all(conditions, values)
