"""Rows of numbers in text, one by one: from a file or a pipe, in constant memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_LARGEST = float(np.finfo(np.float32).max)


class TextRow(NamedTuple):
    """A line of a table.

    Args:
        path: what the table is called.
        line: its number, from 1.
        text: the line.
        problem: why there is none: the table cannot be read. Else "".
    """

    path: str
    line: int
    text: str
    problem: str = ""


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line."""
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter)


def number(cell: str) -> float | None:
    """What a cell says, or None. Python reads 1_000 and digits of every script as numbers; no table means that."""
    if "_" in cell or not cell.isascii():
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def wrong(cell: str) -> str | None:
    """Why a cell is no number that float32 holds, or None if it is one."""
    value = number(cell)
    if value is not None and abs(value) <= _LARGEST:
        return None
    shown = repr(cell.strip()[:40]) if cell.strip() else "an empty cell"
    return f"expected a finite number, got {shown}"


def is_header(cells: list[str]) -> bool:
    """True if a cell is no number."""
    return any(number(c) is None for c in cells)


def text_rows(path: str, lines: Iterable[str]) -> Iterator[TextRow]:
    """The rows of a table. Blank lines, and a first line with a cell that is no number, are passed over."""
    first = True
    for line, text in enumerate(lines, 1):
        text = text.removeprefix("\ufeff") if line == 1 else text
        if not text.strip():
            continue
        if not (first and is_header(split(text, ","))):
            yield TextRow(path, line, text)
        first = False


def numbers(row: TextRow, shape: tuple[int, ...]) -> NDArray[np.float32] | str:
    """The row as a sample of this shape, or why it is none."""
    if row.problem:
        return row.problem
    cells = split(row.text, ",")
    wanted = int(np.prod(shape))
    if len(cells) != wanted:
        return f"{row.path}:{row.line}: {len(cells)} cells, the net takes {wanted}: the columns of data, no labels"
    for column, cell in enumerate(cells):
        if why := wrong(cell):
            return f"{row.path}:{row.line}: column {column}: {why}"
    return np.array([float(c) for c in cells], np.float32).reshape(shape)
