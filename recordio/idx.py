"""MXNet's `.idx`: text, one line per record: KEY tab OFFSET line feed. Keys in any order, offsets too."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from recordio.errors import LineError
from recordio.files import Pending, publish

BLOCK = 1 << 18
LONGEST = 64
DIGITS = b"0123456789"


def read_idx(path: str | os.PathLike[str]) -> tuple[array[int], array[int]]:
    """Keys and offsets, unsigned 64-bit numbers, in the order of the lines. Duplicates are not looked for here.

    Raises:
        LineError: for a line that is not two numbers, or does not end: MXNet would stop there in silence.
        OSError: if the file cannot be read.
    """
    with open(path, "rb") as file:
        return parse_idx(iter(partial(file.read, BLOCK), b""), os.fspath(path))


def parse_idx(blocks: Iterable[bytes], path: str) -> tuple[array[int], array[int]]:
    """Keys and offsets of an `.idx` that comes in pieces, cut anywhere; errors call it `path`.

    Raises:
        LineError: as `read_idx`.
    """
    keys, offsets, rest = array("Q"), array("Q"), b""
    for block in blocks:
        head, newline, rest = (rest + block).rpartition(b"\n")
        _add(head + newline, keys, offsets, path)
        if len(rest) > LONGEST:
            raise _bad(path, len(keys) + 1, rest)
    if rest:
        raise LineError(path, len(keys) + 1, "the line has no end: the file was cut; make the index anew")
    return keys, offsets


def _add(text: bytes, keys: array[int], offsets: array[int], path: str) -> None:
    lines, tokens = text.count(b"\n"), text.split()
    regular = text.translate(None, DIGITS) == b"\t\n" * lines and len(tokens) == 2 * lines
    if regular and max(map(len, tokens), default=0) < 20:
        keys.extend(map(int, tokens[0::2]))
        offsets.extend(map(int, tokens[1::2]))
        return
    for line in text.split(b"\n")[:-1]:
        words = line.split()
        if len(line) > LONGEST or len(words) != 2 or not all(word.isdigit() for word in words):
            raise _bad(path, len(keys) + 1, line)
        key, offset = map(int, words)
        if max(key, offset) >= 1 << 64:
            raise _bad(path, len(keys) + 1, line)
        keys.append(key)
        offsets.append(offset)


def _bad(path: str, line: int, text: bytes) -> LineError:
    got = text[:LONGEST].decode("utf-8", "replace")
    return LineError(path, line, f"expected KEY and OFFSET, two unsigned 64-bit numbers, got {got!r}")


def write_idx(path: str | os.PathLike[str], entries: Iterable[tuple[int, int]]) -> None:
    """Write (key, offset) of each record.

    Raises:
        OSError: if the file cannot be written; an old one stays.
    """
    pending = Pending(Path(path))
    try:
        for key, offset in entries:
            pending.file.write(line(key, offset))
    except BaseException:
        pending.discard()
        raise
    publish([pending])


def line(key: int, offset: int) -> bytes:
    """One line of the file."""
    return b"%d\t%d\n" % (key, offset)
