"""mxtrain predict: classify image files, one JSON line each."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from mxtrain.base.errors import DataError
from mxtrain.cli._common import emit, log_to_stderr, read_paths, rejected_text

HELP = """Classify image files with a trained model; one JSON line per file on stdout, in order.

Classes and preprocessing come from the checkpoint. A file that cannot be read gives a line with "error", and exit code
3 in the end (--strict: at once)."""


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="run directory or checkpoint", show_default=False)],
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="image files or folders; - or nothing: names from stdin"),
    ] = None,
    batch_size: Annotated[int, typer.Option(metavar="N", min=1, help="images computed at once")] = 32,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="classes to list per image")] = 1,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="threads; default: as in training")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="stop at the first file that cannot be read")] = False,
    null: Annotated[bool, typer.Option("-0", "--null", help="names from stdin end with a zero byte")] = False,
) -> None:
    """Load, predict, print."""
    from mxtrain.train.model import load_model
    from mxtrain.train.predict import predict

    log_to_stderr()
    names = read_paths(paths or [], null)
    first = next(names, None)
    model = load_model(run, threads)
    records = predict(
        model, chain([first], names) if first is not None else [], batch_size=batch_size, top=top,
        threads=model.program.device.threads,
    )  # fmt: skip
    rejected = 0
    for record in records:
        emit(record)
        if "error" in record:
            rejected += 1
            if strict:
                raise DataError(record["error"])
    if rejected:
        raise DataError(rejected_text(rejected))
