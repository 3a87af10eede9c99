"""mxtrain extract: what an inner layer says of image files, one JSON line each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mxtrain.base.errors import DataError
from mxtrain.cli._common import emit, log_to_stderr, read_paths

HELP = """Write the values of an inner layer for image files; one JSON line per file on stdout, in order."""


def command(
    run: Annotated[Path, typer.Argument(help="run directory or checkpoint")],
    paths: Annotated[
        list[str] | None, typer.Argument(help="image files or folders; - or nothing: names from stdin")
    ] = None,
    layer: Annotated[str, typer.Option(help="name of the layer; an unknown one lists them all")] = "",
    batch_size: Annotated[int, typer.Option(min=1, help="images computed at once")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="threads; default: as in training")] = None,
    null: Annotated[bool, typer.Option("-0", "--null", help="names from stdin end with a zero byte")] = False,
) -> None:
    """Load, compute, print."""
    from mxtrain.train.model import load_model
    from mxtrain.train.predict import extract

    log_to_stderr()
    model = load_model(run, threads)
    model.inner(layer)
    rejected = 0
    records = extract(
        model, read_paths(paths or [], null), layer, batch_size=batch_size, threads=model.program.device.threads
    )
    for record in records:
        emit(record)
        rejected += "error" in record
    if rejected:
        raise DataError(f"{rejected} files could not be read; their lines say why")
