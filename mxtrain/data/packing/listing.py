"""What is to be packed: the images of a folder, of a `.lst`, or of a list of paths, with labels, in a fixed order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.data import image
from mxtrain.data.packing.manifest import Rejected, Skipped
from mxtrain.data.sources import image_folder
from recordio import Entry, LineError, read_lst

Labels = tuple[float, ...]


@dataclass(frozen=True)
class Listing:
    """Images to pack.

    Args:
        root: folder that the paths start from.
        kind: folder, list or paths.
        name: of what was listed, without its folder.
        ids: (N,) unsigned: number of each image, its key in the `.idx`; all different.
        paths: N paths.
        labels: N tuples of labels.
        classes: names of the classes in label order, if they are known.
        rejected: what was listed, but cannot be packed.
        skipped: what lay among the images.
    """

    root: Path
    kind: str
    name: str
    ids: NDArray[np.uint64]
    paths: Sequence[str]
    labels: Sequence[Labels]
    classes: tuple[str, ...] | None
    rejected: tuple[Rejected, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def file(self, position: int) -> Path:
        """Where an image is."""
        return self.root / self.paths[position]

    def size(self, position: int) -> int:
        """Bytes of its file; -1 if there is none."""
        try:
            return os.stat(self.file(position)).st_size
        except OSError:
            return -1

    def digest(self, positions: NDArray[np.int64]) -> str:
        """sha256 of id, labels, path and size of some images, in this order."""
        total = hashlib.sha256(repr(self.classes).encode("utf-8", "surrogateescape"))
        for at in positions.tolist():
            line = f"{self.ids[at]}\t{self.labels[at]}\t{self.paths[at]}\t{self.size(at)}\n"
            total.update(line.encode("utf-8", "surrogateescape"))
        return total.hexdigest()


def of_folder(root: Path, formats: Sequence[str], classes: tuple[str, ...] = ()) -> Listing:
    """The images of a folder with one folder per class: classes are the folders, sorted.

    Raises:
        DataError: if it holds no images, or a class that `classes` does not name.
    """
    wanted: dict[str, Any] = {"path": str(root), "formats": tuple(formats), "classes": classes}
    found = image_folder.open_source(image_folder.Params(**wanted), Path())
    endings = tuple(ending for name in formats for ending in image.FORMATS[name])
    rejected, skipped = [], []
    for entry in found.report:
        # An image by its name, which is a broken link or has a name that is not UTF-8, is a loss and no clutter.
        if entry.path.lower().endswith(endings) and entry.reason not in ("hidden", "not in a class folder"):
            rejected.append(Rejected(path=entry.path, reason=entry.reason))
        else:
            skipped.append(Skipped(path=entry.path, reason=entry.reason))
    each = [(float(number),) for number in range(len(found.classes))]
    labels = [each[int(label)] for label in found.targets]
    ids = np.arange(len(found.names), dtype=np.uint64)
    listing = Listing(found.root, "folder", _name(root), ids, found.names, labels, found.classes)
    return _without_odd_names(listing, rejected, skipped)


def of_list(path: Path, root: Path, classes: tuple[str, ...] | None = None, name: str = "") -> Listing:
    """The images of a `.lst`, under its indices. Wrong lines, and indices that come again, are rejected.

    Args:
        path: the list.
        root: folder that its paths start from; none may lead out of it.
        classes: names of the classes, in label order.
        name: what to call the list in the manifest and in errors.

    Raises:
        DataError: if it cannot be read or holds no image.
    """
    called = name or path.name
    rejected: list[Rejected] = []

    def reject(error: LineError) -> None:
        rejected.append(Rejected(path=f"{called}:{error.line}", reason=error.problem))

    seen: set[int] = set()
    entries: list[Entry] = []
    try:
        for entry in read_lst(path, inside=True, reject=reject):
            problem = _problem(entry, seen, classes)
            if problem:
                rejected.append(Rejected(path=shown(entry.path), reason=f"{called}: index {entry.index}: {problem}"))
                continue
            seen.add(entry.index)
            entries.append(entry)
    except OSError as error:
        raise DataError(f"{called}: cannot be read: {error.strerror or error}") from None
    if not entries:
        first = f"; the first line that is wrong: {rejected[0].path}: {rejected[0].reason}" if rejected else ""
        raise DataError(f"{called}: no image in this list; expected lines INDEX tab LABEL tab PATH{first}")
    ids = np.array([entry.index for entry in entries], np.uint64)
    paths, labels = [entry.path for entry in entries], [entry.labels for entry in entries]
    return Listing(root, "list", called, ids, paths, labels, classes, tuple(rejected))


def _problem(entry: Entry, seen: set[int], classes: tuple[str, ...] | None) -> str:
    if entry.index in seen:
        return "this index is above already; each image needs its own"
    label = entry.labels[0]
    if classes and len(entry.labels) == 1 and not (label.is_integer() and 0 <= label < len(classes)):
        return f"label {label:g} has no name; there are {len(classes)} classes, 0 to {len(classes) - 1}"
    return ""


def of_paths(paths: Iterator[str], root: Path, name: str, classes: tuple[str, ...] = ()) -> Listing:
    """Images named one by one: the class of each is the folder that holds it, classes are sorted by name.

    Raises:
        DataError: if there are none, or some lie in a folder that `classes` does not name.
    """
    found = list(dict.fromkeys(paths))
    folders = [Path(path).parent.name for path in found]
    names = classes or tuple(sorted(set(folders), key=os.fsencode))
    unknown = sorted(set(folders) - set(names))
    if not found:
        raise DataError(f"{name}: no paths in this list")
    if "" in folders or unknown:
        at = folders.index("" if "" in folders else unknown[0])
        raise DataError(
            f"{name}: {shown(found[at])}: expected CLASS/FILE, the class one of {', '.join(filter(None, names))}; "
            "or give a .lst: INDEX tab LABEL tab PATH"
        )
    numbers = {name: (float(number),) for number, name in enumerate(names)}
    labels = [numbers[folder] for folder in folders]
    ids = np.arange(len(found), dtype=np.uint64)
    readable = tuple(shown(name) for name in names)
    return _without_odd_names(Listing(root, "paths", name, ids, found, labels, readable), [], [])


def _without_odd_names(listing: Listing, rejected: list[Rejected], skipped: list[Skipped]) -> Listing:
    """Without the files whose names no `.lst` can hold."""
    good = np.ones(len(listing), bool)
    for at, path in enumerate(listing.paths):
        if path.strip(" ") != path or any(c in path for c in "\t\r\n"):
            good[at] = False
            reason = "its name has a tab, a line end, or a space at an end, which no .lst can hold; rename it"
            rejected.append(Rejected(path=shown(path), reason=reason))
    if good.all():
        kept: dict[str, Any] = {}
    else:
        places = np.flatnonzero(good).tolist()
        kept = {
            "ids": listing.ids[good],
            "paths": [listing.paths[at] for at in places],
            "labels": [listing.labels[at] for at in places],
        }
    return Listing(**{**vars(listing), **kept, "rejected": tuple(rejected), "skipped": tuple(skipped)})


def is_lst(path: Path) -> bool:
    """Whether a text file is a `.lst` (a tab in the first line that is not empty) and no list of paths.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while line := file.readline(1 << 16):
                if line.strip():
                    return b"\t" in line.strip()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    return path.suffix == ".lst"


def path_lines(path: Path, end: bytes = b"\n") -> Iterator[str]:
    """The paths in a file, one per line (or ended by another byte).

    Raises:
        OSError: if it cannot be read.
    """
    rest = b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            *lines, rest = (rest + block).split(end)
            yield from _decoded(lines, end)
    yield from _decoded([rest], end)


def _decoded(lines: Sequence[bytes], end: bytes) -> Iterator[str]:
    for line in lines:
        text = line.rstrip(b"\r") if end == b"\n" else line
        if text:
            yield os.fsdecode(text)


def _name(path: Path) -> str:
    return path.name or path.resolve().name


def shown(path: str) -> str:
    """A path as text that JSON and a terminal can hold."""
    return path.encode("utf-8", "backslashreplace").decode()
