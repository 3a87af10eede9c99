"""list: a `.lst` (INDEX, LABEL..., PATH, with tabs between) and the images that it names, below a folder."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Constraint

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.params import Name, declare, param
from mxtrain.base.types import PartialType
from mxtrain.data import files, image, paths
from mxtrain.data.source import Encoded, Field, Rows, Skipped, Source
from mxtrain.data.sources.image_folder import Format
from recordio import RecordIOError, read_lst


@declare
class Params:
    """A list of images."""

    path: str = param(doc="the list")
    root: str = param("", doc="folder that its paths start from, and must not leave; default: the list's own")
    channels: Literal[1, 3] = param(3, doc="decode to gray (1) or colour (3)")
    formats: Annotated[tuple[Format, ...], Constraint(min_length=1)] = param(
        image.DEFAULT_FORMATS, doc="formats that the files may have, whatever their names say"
    )
    label_width: int | None = param(None, ge=1, doc="labels per image; default: as the first line has")
    label_pad: float | None = param(
        None, doc="fills up the labels of lines with fewer (detection: -1); default: that is an error"
    )
    classes: tuple[str, ...] = param((), doc="names of the classes, in label order")
    data_name: Name = param("data", doc="input variable")
    label_name: Name = param("softmax_label", doc="label variable")


@dataclass(frozen=True)
class ImageList:
    """An open list. What is kept of it is where its lines start; the rest stays in the mapped file.

    Args:
        path: the list.
        root: folder that its paths start from.
        params: what was asked for.
        text: the list, mapped.
        lines: (N + 1,) where the lines with an entry start, and the end of the last.
        width: labels per image.
    """

    path: Path
    root: Path
    params: Params
    text: mmap.mmap
    lines: NDArray[np.int64]
    width: int

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Encoded images."""
        spec = PartialType((None, None, self.params.channels), "uint8")
        return {self.params.data_name: Field(spec, True, self.params.formats)}

    @property
    def labels(self) -> Mapping[str, Field]:
        """One label or several."""
        return {self.params.label_name: Field(PartialType(() if self.width == 1 else (self.width,), "float32"))}

    @property
    def classes(self) -> tuple[str, ...] | None:
        """As the config says: a list names none."""
        return self.params.classes or None

    @property
    def report(self) -> tuple[Skipped, ...]:
        """Nothing: a list holds no clutter."""
        return ()

    def __len__(self) -> int:
        return len(self.lines) - 1

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """Paths; whoever decodes opens them."""
        labels = np.empty((len(indices), self.width), np.float32)
        samples = []
        for row, index in enumerate(indices.tolist()):
            found, path = self._entry(index)
            pad = self.params.label_pad or 0.0
            labels[row] = (*found, *[pad] * (self.width - len(found)))
            file = self.root / path
            _refuse_outside(file, self.root, str(self.path))
            samples.append(Encoded(str(file), file))
        values = labels[:, 0] if self.width == 1 else labels
        return Rows({self.params.data_name: samples}, {self.params.label_name: values})

    def _entry(self, index: int) -> tuple[tuple[float, ...], str]:
        """Labels and path of a line, which was checked when the list was opened."""
        line = os.fsdecode(self.text[self.lines[index] : self.lines[index + 1]]).strip("\ufeff \t\r\n")
        fields = [f.strip(" ") for f in line.split("\n", 1)[0].rstrip("\r").split("\t")]
        fields = fields if len(fields) > 1 else line.split("\n", 1)[0].split()
        return tuple(map(float, fields[1:-1])), fields[-1]

    def name(self, index: int) -> str:
        """The path of the image."""
        return str(self.root / self._entry(index)[1])

    def fingerprint(self) -> dict[str, Any]:
        """Hash of the list; size and hash of what it names."""
        tree = files.fingerprint_tree(self.root, (self._entry(i)[1] for i in range(len(self))))
        return {"samples": len(self), "list": files.fingerprint(self.path), "tree": tree}


def _refuse_outside(file: Path, root: Path, said: str) -> None:
    """Refuse a file that a link leads out of the folder."""
    real, inside = os.path.realpath(file), os.path.realpath(root)
    if os.path.commonpath([real, inside]) != inside:
        raise DataError(f"{file}: a link leads out of {root}; {said} may only name files below it (root)")


def open_source(params: Params, where: Path) -> ImageList:
    """Read the list through once and check every line.

    Raises:
        FormatError: naming the line that is wrong.
        DataError: if the list or the folder is not there, or it names no image.
    """
    path = paths.existing(params.path, where)
    root = paths.existing(params.root, where, folder=True) if params.root else path.parent
    width, count = _check(path, params)
    try:
        with path.open("rb") as file:
            text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    lines = _lines(text)
    if len(lines) - 1 != count:
        raise DataError(f"{path}: was changed while it was read; try again")
    return ImageList(path, root, params, text, lines, width)


def _check(path: Path, params: Params) -> tuple[int, int]:
    """Labels per image, and how many images there are."""
    width = params.label_width
    count = 0
    try:
        for entry in read_lst(path, inside=True):
            count += 1
            found = len(entry.labels)
            width = width or found
            if found > width or found < width and params.label_pad is None:
                raise FormatError(
                    f"{path}: index {entry.index} ({entry.path}) has {found} labels, expected {width} (label_width); "
                    "label_pad fills up shorter ones"
                )
            label = entry.labels[0]
            if params.classes and width == 1 and not (label.is_integer() and 0 <= label < len(params.classes)):
                raise DataError(
                    f"{path}: index {entry.index} ({entry.path}) has label {label:g}, but `classes` names 0 to "
                    f"{len(params.classes) - 1}"
                )
    except RecordIOError as error:
        raise FormatError(str(error)) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not width:
        raise DataError(f"{path}: names no image; expected lines INDEX tab LABEL tab PATH")
    return width, count


def _lines(text: mmap.mmap) -> NDArray[np.int64]:
    """Where the lines start that are not empty, and the end."""
    content = np.frombuffer(text, np.uint8)
    breaks = np.flatnonzero(content == 10)
    starts = np.concatenate([[0], breaks + 1])
    ends = np.concatenate([breaks, [len(content)]])
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    # A mark of byte order in front of the first line is none of it.
    held = [bool(text[a:b].removeprefix(b"\xef\xbb\xbf" if a == 0 else b"").strip()) for a, b in spans]
    return np.concatenate([starts[held], [len(content)]]).astype(np.int64)


SOURCE = Source(Params, open_source, sized=False)
