"""mxtrain predict: classify image files, one JSON line each."""

from __future__ import annotations

from itertools import chain
from typing import Annotated

import typer

from mxtrain.base.errors import DataError
from mxtrain.cli._common import emit, log_to_stderr, read_paths, rejected_text
from mxtrain.cli._options import ImagesAtOnce, Null, Paths, Run, Threads

HELP = """Classify image files with a trained model; one JSON line per file on stdout, in order.

Classes and preprocessing come from the checkpoint. A file that cannot be read gives a line with "error", and exit code
3 in the end (--strict: at once)."""


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
