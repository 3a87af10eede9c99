"""What several commands do alike."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxtrain.base.errors import DataError, UsageError

if TYPE_CHECKING:
    from mxtrain.data.text_rows import TextRow
    from mxtrain.train.model import Model


def emit(record: Any) -> None:
    """One JSON line on stdout. A file name that is no Unicode is written with escapes, and reads back as it was."""
    text = json.dumps(record, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(record)
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """A line for people, on stderr."""
    sys.stderr.write(text + "\n")


def log_to_stderr(level: int = logging.WARNING) -> None:
    """Let warnings of the library reach people."""
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns of plain text under their titles, two blanks between them; no line is ever wrapped or cut.

    Args:
        right: numbers of the columns that end at the same place, as numbers do.
    """
    lines = [list(titles), *(list(row) for row in rows)]
    widths = [max(_width(line[k]) for line in lines) for k in range(len(titles))]
    lines.insert(1, ["-" * width for width in widths])
    return "".join(
        "  ".join(_padded(text, widths[k], k in right) for k, text in enumerate(line)).rstrip() + "\n" for line in lines
    )


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def _width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def size_text(size: int) -> str:
    """A number of bytes for people: 1,234 B, 12.3 KiB."""
    number = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{size:,} B" if unit == "B" else f"{number:,.1f} {unit}"


def read_size(text: str) -> int:
    """The bytes that a text such as 4GiB, 512MiB, 4G or 1.5GB says.

    Raises:
        UsageError: if it says none.
    """
    factor = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    decimal = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?([KMGT]?)(iB|B|)", text)
    size = 0.0
    if found:
        number, prefix, unit = found.groups()
        size = float(number) * (decimal[prefix] if prefix and unit == "B" else factor[prefix])
    if size < 1:
        raise UsageError(f"expected a size such as 4GiB or 512MiB, got {text!r}")
    return int(size)


def read_paths(arguments: Sequence[str], null: bool = False) -> Iterator[str]:
    """The paths given: arguments, with ``-`` for the lines of stdin (zero-ended with `null`). Folders are walked.

    Of a folder, the files whose names end as those of images; all, if there are none of these.

    Raises:
        UsageError: if there are none.
        DataError: if a folder holds no file.
    """
    if not arguments and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("no image files given; name files, or pipe their names in: find . -name '*.jpg' | mxtrain ...")
    for argument in arguments or ("-",):
        if argument == "-":
            yield from _lines(null)
        elif Path(argument).is_dir():
            found = sorted(p for p in Path(argument).rglob("*") if p.is_file() and not p.name.startswith("."))
            if not found:
                raise DataError(f"{argument}: a folder without files")
            images = [p for p in found if p.suffix.lower() in _endings()]
            if images and len(images) < len(found):
                other = next(p for p in found if p not in set(images))
                say(f"{argument}: {len(found) - len(images)} of {len(found)} files are left out: not named as images "
                    f"({other.name})")  # fmt: skip
            yield from map(str, images or found)
        else:
            yield argument


def read_rows(arguments: Sequence[str]) -> Iterator[TextRow]:
    """The rows of the text tables given, with ``-``, or nothing, for stdin.

    Raises:
        UsageError: if there are none.
    """
    from mxtrain.data.text_rows import TextRow, text_rows

    if not arguments and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError(
            "no rows given: the model takes numbers; name CSV files, or pipe rows in: cut -d, ... | mxtrain"
        )
    for argument in arguments or ("-",):
        if argument == "-":
            yield from text_rows("-", (os.fsdecode(line) for line in sys.stdin.buffer))
            continue
        try:
            with open(argument, encoding="utf-8", errors="surrogateescape") as stream:
                yield from text_rows(argument, stream)
        except OSError as error:
            yield TextRow(argument, 0, "", f"{argument}: cannot be read: {error.strerror or error}")


def read_given(model: Model, arguments: Sequence[str], null: bool) -> Iterator[str | TextRow]:
    """Images or rows, as the model takes them.

    Raises:
        UsageError, DataError: as `read_paths` and `read_rows`.
    """
    return read_paths(arguments, null) if model.row_input is None else read_rows(arguments)


def _endings() -> frozenset[str]:
    from mxtrain.data.image import FORMATS

    return frozenset(ending for endings in FORMATS.values() for ending in endings)


def _lines(null: bool) -> Iterator[str]:
    """Names from stdin, as bytes of the file system: they need not be Unicode."""
    end = b"\0" if null else b"\n"
    rest = b""
    stream: Any = sys.stdin.buffer
    while block := stream.read1(1 << 16):
        *done, rest = (rest + block).split(end)
        yield from map(_name, filter(None, (line.rstrip(b"\r") if not null else line for line in done)))
    if rest:
        yield _name(rest)


def _name(raw: bytes) -> str:
    return os.fsdecode(raw)


def rejected_text(count: int, what: str) -> str:
    """What is said in the end where some of what was given could not be read."""
    if count == 1:
        return f"1 {what} could not be read; its line says why"
    return f"{count} {what}s could not be read; their lines say why"
