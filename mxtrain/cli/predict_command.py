"""mxtrain predict: what a model says of image files or rows of numbers, one JSON line each."""

from __future__ import annotations

from typing import Annotated

import typer

from mxtrain.base.errors import DataError
from mxtrain.cli._common import emit, log_to_stderr, read_given, rejected_text
from mxtrain.cli._options import ImagesAtOnce, Null, Paths, Run, Threads

HELP = """Classify image files with a trained model; one JSON line per file on stdout, in order.

Classes and preprocessing come from the checkpoint. A model of numbers takes CSV files, or rows on stdin, without
labels: one JSON line per row. What cannot be read gives a line with "error", and exit code 3 in the end (--strict: at
once)."""


def command(
    run: Run,
    paths: Paths = None,
    batch_size: ImagesAtOnce = 32,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="classes to list per image")] = 1,
    threads: Threads = None,
    strict: Annotated[bool, typer.Option("--strict", help="stop at the first file that cannot be read")] = False,
    null: Null = False,
) -> None:
    """Load, predict, print."""
    from mxtrain.train.model import load_model
    from mxtrain.train.predict import predict

    log_to_stderr()
    model = load_model(run, threads)
    given = read_given(model, paths or [], null)
    records = predict(model, given, batch_size=batch_size, top=top, threads=model.program.device.threads)
    rejected = 0
    for record in records:
        emit(record)
        if "error" in record:
            rejected += 1
            if strict:
                raise DataError(record["error"])
    if rejected:
        raise DataError(rejected_text(rejected, "file" if model.row_input is None else "row"))
