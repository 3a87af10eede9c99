"""mxtrain extract: what an inner layer says of image files or rows of numbers, one JSON line each."""

from __future__ import annotations

from typing import Annotated

import typer

from mxtrain.base.errors import DataError, UsageError
from mxtrain.cli._common import emit, log_to_stderr, read_given, rejected_text
from mxtrain.cli._options import ImagesAtOnce, Null, Paths, Run, Threads

HELP = """Write the values of an inner layer for image files; one JSON line per file on stdout, in order.

A model of numbers takes CSV files, or rows on stdin, without labels: one JSON line per row."""


def command(
    run: Run,
    paths: Paths = None,
    layer: Annotated[
        str, typer.Option(metavar="NAME", help="the layer; without it, the error lists them all", show_default=False)
    ] = "",
    batch_size: ImagesAtOnce = 32,
    threads: Threads = None,
    null: Null = False,
) -> None:
    """Load, compute, print."""
    from mxtrain.graph import topological
    from mxtrain.train.model import load_model
    from mxtrain.train.predict import extract

    log_to_stderr()
    model = load_model(run, threads)
    if not layer:
        known = ", ".join(n.name for n in topological(model.program.heads) if n.op is not None)
        raise UsageError(f"name a layer: --layer NAME; there are: {known}")
    model.inner(layer)
    rejected = 0
    given = read_given(model, paths or [], null)
    records = extract(model, given, layer, batch_size=batch_size, threads=model.program.device.threads)
    for record in records:
        emit(record)
        rejected += "error" in record
    if rejected:
        raise DataError(rejected_text(rejected, "file" if model.row_input is None else "row"))
