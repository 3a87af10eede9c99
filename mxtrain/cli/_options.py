"""Arguments and options that several commands have, so that they read alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(metavar="RUN", help="run directory or checkpoint", show_default=False)]
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="image files or folders, or tables; - or nothing: names, or rows, from stdin"),
]
Threads = Annotated[int | None, typer.Option(metavar="N", min=1, help="threads; default: as in training")]
ImagesAtOnce = Annotated[int, typer.Option(metavar="N", min=1, help="images or rows computed at once")]
Null = Annotated[bool, typer.Option("-0", "--null", help="names from stdin end with a zero byte")]
