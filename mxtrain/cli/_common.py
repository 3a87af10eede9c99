"""What several commands do alike."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mxtrain.base.errors import UsageError


def emit(record: Any) -> None:
    """One JSON line on stdout."""
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """A line for people, on stderr."""
    sys.stderr.write(text + "\n")


def log_to_stderr(level: int = logging.WARNING) -> None:
    """Let warnings of the library reach people."""
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)


def read_paths(arguments: Sequence[str], null: bool = False) -> Iterator[str]:
    """The paths given: arguments, with ``-`` for the lines of stdin (zero-ended with `null`). Folders are walked.

    Raises:
        UsageError: if there are none.
    """
    if not arguments and sys.stdin.isatty():
        raise UsageError("no image files given; name files, or pipe their names in: find . -name '*.jpg' | mxtrain ...")
    for argument in arguments or ("-",):
        if argument == "-":
            yield from _lines(null)
        elif Path(argument).is_dir():
            yield from (str(p) for p in sorted(Path(argument).rglob("*")) if p.is_file())
        else:
            yield argument


def _lines(null: bool) -> Iterator[str]:
    if null:
        rest = ""
        while block := sys.stdin.read(1 << 16):
            *done, rest = (rest + block).split("\0")
            yield from (p for p in done if p)
        if rest:
            yield rest
        return
    for line in sys.stdin:
        if line.rstrip("\r\n"):
            yield line.rstrip("\r\n")
