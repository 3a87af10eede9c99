"""MXNet's `.lst`: INDEX tab LABEL [tab LABEL ...] tab PATH line feed, as im2rec writes and reads it."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from recordio.errors import LineError, RefusedError
from recordio.files import Pending, publish

LONGEST = 1 << 20
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Args:
        index: the image's key in `.idx` and its id in the `.rec`.
        labels: at least one; a detection record's are read by `parse_detection`.
        path: as it stands there. Bytes that are not UTF-8 are kept as os.fsdecode does.
    """

    index: int
    labels: tuple[float, ...]
    path: str


def read_lst(
    path: str | os.PathLike[str],
    *,
    inside: bool = False,
    reject: Callable[[LineError], None] | None = None,
) -> Iterator[Entry]:
    """The entries of a list, in order.

    Fields are separated by tabs, with spaces around them or not; in a line without tabs by spaces. Empty lines do not
    count.

    Args:
        path: the list.
        inside: refuse paths that are absolute or have a part "..", so that none leaves the folder they start from.
            Links are not followed here.
        reject: called with the error of each wrong line, which is left out; None: the first one raises.

    Raises:
        LineError: naming file and line, what was expected and what came.
        OSError: if the file cannot be read.
    """
    name, number = os.fspath(path), 0
    with open(path, "rb") as file:
        while text := file.readline(LONGEST):
            number += 1
            try:
                entry = _entry(name, number, text, inside)
            except LineError as error:
                if reject is None:
                    raise
                reject(error)
                # The rest of a line that is too long is no line of its own.
                while text and not text.endswith(b"\n"):
                    text = file.readline(LONGEST)
                continue
            if entry:
                yield entry


def _entry(name: str, number: int, raw: bytes, inside: bool) -> Entry | None:
    def wrong(problem: str) -> LineError:
        return LineError(name, number, problem)

    if len(raw) == LONGEST and not raw.endswith(b"\n"):
        raise wrong(f"longer than {LONGEST} bytes; is this a list?")
    text = os.fsdecode(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).strip(" \t\r\n")
    if not text:
        return None
    fields = [field.strip(" ") for field in text.split("\t")] if "\t" in text else text.split()
    if len(fields) < 3:
        shown = repr(text[:SHOWN])
        raise wrong(f"expected INDEX, LABEL and PATH separated by tabs, got {len(fields)} of them in {shown}")
    index, *labels, path = fields
    if not (index.isascii() and index.isdigit() and len(index) < 20):
        raise wrong(f"index: expected a whole number, got {index[:SHOWN]!r}")
    numbers = tuple(_number(label) for label in labels)
    for label, value in zip(labels, numbers, strict=True):
        if not math.isfinite(value):
            raise wrong(f"label: expected a number, got {label[:SHOWN]!r}")
    problem = _outside(path) if inside else ""
    if problem or not path or "\0" in path:
        raise wrong(f"path: {problem or 'expected the name of a file'}, got {path[:SHOWN]!r}")
    return Entry(int(index), numbers, path)


def _number(text: str) -> float:
    """The number, NaN if it is none; what Python allows beyond C (1_000, digits of other scripts) is none."""
    if not text.isascii() or "_" in text:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return math.nan


def _outside(path: str) -> str:
    parts = PurePosixPath(path)
    return "expected one below the folder of the list" if parts.is_absolute() or ".." in parts.parts else ""


def write_lst(path: str | os.PathLike[str], entries: Iterable[Entry]) -> None:
    """Write a list as im2rec does: labels with six decimals, or more where float32 needs them.

    Raises:
        RefusedError: for an entry that would not be read back as it is; an old file stays.
        OSError: if the file cannot be written; an old one stays.
    """
    pending = Pending(Path(path))
    try:
        for entry in entries:
            pending.file.write(os.fsencode(_line(os.fspath(path), entry)))
    except BaseException:
        pending.discard()
        raise
    publish([pending])


def _line(name: str, entry: Entry) -> str:
    def refused(problem: str) -> RefusedError:
        return RefusedError(f"{name}: {problem}: {entry}")

    if not 0 <= entry.index < 10**19:
        raise refused("an index is a whole number of at most 19 digits")
    if not entry.labels or not all(map(math.isfinite, entry.labels)):
        raise refused("an entry has one finite label or more")
    if not entry.path or entry.path.strip(" ") != entry.path or any(c in entry.path for c in "\t\r\n\0"):
        raise refused("a path is not empty, has no tab, line end or zero byte, and no space at its ends")
    return "\t".join((str(entry.index), *map(_label, entry.labels), entry.path)) + "\n"


def _label(value: float) -> str:
    text = f"{value:f}"
    return text if float(text) == value or _float32(text) == _float32(value) else repr(value)


def _float32(value: str | float) -> bytes:
    try:
        return struct.pack("<f", float(value))
    except OverflowError:
        return b""
