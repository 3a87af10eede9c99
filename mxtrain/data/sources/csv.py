"""csv: numbers in a text table, as MXNet's CSVIter; a header is allowed, labels may be columns of the same file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.params import Name, declare, param
from mxtrain.data import paths
from mxtrain.data.source import Source
from mxtrain.data.sources._columns import Columns, check_classes
from mxtrain.data.text_rows import is_header, split, wrong

_CHUNK = 4096
Column = int | str


@declare
class Params:
    """A text table of numbers. Columns are named by the header, or numbered from 0 (from the end: -1)."""

    path: str = param(doc="the file")
    data_columns: tuple[Column, ...] = param((), doc="columns of the input; none: all that are no labels")
    data_shape: tuple[Annotated[int, Field(ge=1)], ...] = param(
        (), doc="shape of a sample, without the batch; none: one row"
    )
    label_columns: tuple[Column, ...] = param((), doc="columns of the label, one or more")
    label_path: str = param("", doc="another file that holds the labels (all its columns)")
    header: bool | Literal["auto"] = param(
        "auto", doc="is the first line a header? auto: yes if it has a cell that is no number"
    )
    delimiter: str = param(",", min_length=1, max_length=1, doc="what stands between two cells")
    classes: tuple[str, ...] = param((), doc="names of the classes, in label order")
    data_name: Name = param("data", doc="input variable")
    label_name: Name = param("softmax_label", doc="label variable")


class Table(NamedTuple):
    """Numbers (rows, columns) and the names in the header, () without one."""

    values: NDArray[np.float32]
    names: tuple[str, ...]


def open_source(params: Params, where: Path) -> Columns:
    """Read the whole file."""
    path = paths.existing(params.path, where)
    if params.label_columns and params.label_path:
        raise DataError(f"{path}: labels come from label_columns or from label_path; give one of them")
    table = read(path, params.delimiter, params.header)
    width = table.values.shape[1]
    label_columns = _columns(params.label_columns, table, path)
    data_columns = _columns(params.data_columns, table, path) or [c for c in range(width) if c not in label_columns]
    if not data_columns:
        raise DataError(f"{path}: has {width} columns and all are labels; none is left for the input")
    data = table.values[:, data_columns] if len(data_columns) < width or params.data_columns else table.values
    if params.data_shape:
        if math.prod(params.data_shape) != len(data_columns):
            want = math.prod(params.data_shape)
            raise DataError(
                f"{path}: data_shape {params.data_shape} takes {want} columns, there are {len(data_columns)}"
            )
        data = data.reshape(len(data), *params.data_shape)
    used = [path]
    labels = table.values[:, label_columns] if label_columns else None
    if params.label_path:
        used.append(paths.existing(params.label_path, where))
        labels = read(used[1], params.delimiter, params.header).values
        if len(labels) != len(data):
            raise DataError(f"{used[1]}: {len(labels)} labels, but {path} holds {len(data)} samples")
    targets: dict[str, NDArray[np.float32]] = {}
    if labels is not None:
        targets[params.label_name] = np.ascontiguousarray(labels[:, 0] if labels.shape[1] == 1 else labels)
        if params.classes and labels.shape[1] == 1:
            check_classes(targets[params.label_name], params.classes, str(used[-1]))
    return Columns({params.data_name: np.ascontiguousarray(data)}, targets, tuple(used), params.classes or None)


def _columns(wanted: tuple[Column, ...], table: Table, path: Path) -> list[int]:
    width = table.values.shape[1]
    found = []
    for column in wanted:
        if isinstance(column, str):
            if table.names.count(column) != 1:
                there = (
                    f"its header has: {', '.join(table.names)}"
                    if table.names
                    else "it has no header; number the columns from 0"
                )
                raise DataError(f"{path}: no one column {column!r}; {there}")
            found.append(table.names.index(column))
        elif -width <= column < width:
            found.append(column % width)
        else:
            raise DataError(f"{path}: no column {column}; there are {width}, numbered from 0")
    return found


def read(path: Path, delimiter: str = ",", header: bool | Literal["auto"] = "auto") -> Table:
    """All rows of a table. Blank lines are passed over.

    Raises:
        FormatError: naming file, line and column of the first cell that is no finite number or line of another width.
    """
    parts: list[NDArray[np.float32]] = []
    names: tuple[str, ...] = ()
    width = 0
    try:
        with path.open(encoding="utf-8-sig") as stream:
            lines: Iterator[tuple[int, str]] = ((n, line) for n, line in enumerate(stream, 1) if line.strip())
            first = next(lines, None)
            if first is None:
                raise FormatError(f"{path}: empty; expected rows of numbers")
            cells = split(first[1], delimiter)
            width = len(cells)
            if header is True or (header == "auto" and is_header(cells)):
                names = tuple(c.strip() for c in cells)
            else:
                lines = itertools.chain([first], lines)
            while chunk := list(itertools.islice(lines, _CHUNK)):
                parts.append(_parsed(chunk, delimiter, width, path))
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: not UTF-8 text: byte {error.object[error.start]:02x}; expected a table of numbers"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not parts:
        raise FormatError(f"{path}: has a header and no rows; expected rows of {width} numbers")
    return Table(np.concatenate(parts), names)


def _parsed(chunk: list[tuple[int, str]], delimiter: str, width: int, path: Path) -> NDArray[np.float32]:
    """Rows of one chunk: NumPy's parser, and cell by cell where it finds fault, to say where."""
    texts = (line for _, line in chunk)
    try:
        wide = np.loadtxt(texts, np.float64, delimiter=delimiter, comments=None, ndmin=2, quotechar='"')
        with np.errstate(over="ignore"):
            values = wide.astype(np.float32)
        if values.shape == (len(chunk), width) and np.isfinite(values).all():
            return values
    except ValueError:
        pass
    return np.array(list(_checked(chunk, delimiter, width, path)), np.float32)


def _checked(chunk: list[tuple[int, str]], delimiter: str, width: int, path: Path) -> Iterator[list[float]]:
    for line, text in chunk:
        cells = split(text, delimiter)
        if len(cells) != width:
            raise FormatError(f"{path}:{line}: {len(cells)} cells; the first line has {width}")
        row = []
        for column, cell in enumerate(cells):
            if why := wrong(cell):
                raise FormatError(f"{path}:{line}: column {column}: {why}")
            row.append(float(cell))
        yield row


SOURCE = Source(Params, open_source)
