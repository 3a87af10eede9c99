"""Records back to files in class folders. Nothing a record, list or manifest says leads out of the folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mxtrain.base.errors import UsageError
from mxtrain.data.packing import writing
from mxtrain.data.packing.records import Names, Row, format_of, names_of, rows
from recordio import Entry, write_lst

ENDINGS = {"jpeg": ".jpg", "png": ".png", "gif": ".gif", "bmp": ".bmp", "webp": ".webp", "ppm": ".ppm", "pgm": ".pgm"}
"""Format of a payload -> ending of its file; others get .bin."""

_NAME_LIMIT = 200


class Unpacked(NamedTuple):
    """Files written, and records that hold no image."""

    files: int
    without_image: int


def unpack(recs: Sequence[Path], out: Path, tell: Callable[[int, int], None] = lambda done, bad: None) -> Unpacked:
    """Write the payload of every record into `out`, and `out`.lst beside it: id, labels, path.

    A file has the path that the pack's list gives it, below a folder of its class; else its id as its name.

    Raises:
        UsageError: if the folder is there and not empty.
        FormatError: for a damaged record: what came before it is written.
        OutOfSpace, EnvironmentFault: if a file cannot be written.
    """
    names = names_of(recs)
    with writing.told(out, "what was written so far stays"):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError(f"{out}: is not empty; name a new folder")
        done = [0, 0]

        def entries() -> Iterator[Entry]:
            for row in rows(recs):
                if row.header is None or not len(row.payload):
                    done[1] += 1
                    continue
                path = _write(row, names, out)
                done[0] += 1
                tell(1, 0)
                yield Entry(row.header.id, row.labels, path)

        write_lst(out.with_name(out.name + ".lst"), entries())
    return Unpacked(done[0], done[1])


def _write(row: Row, names: Names, out: Path) -> str:
    """Write one payload; its path below `out`."""
    name = relative_path(row, names)
    number = 0
    while True:
        numbered = name.with_stem(f"{name.stem}-{number}") if number else name
        target = out / numbered
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Created here and nowhere else: never through a link, never over another file.
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            number += 1
            continue
        with _whole(target), os.fdopen(descriptor, "wb") as file:
            file.write(row.payload)
        return str(numbered)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Remove the file if it cannot be written to its end."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def relative_path(row: Row, names: Names) -> PurePosixPath:
    """Where a record's file goes: CLASS/NAME, NAME alone without a class."""
    listed = _safe(names.path_of(row) or "")
    ending = ENDINGS.get(format_of(row.payload), ".bin")
    folder = _folder(row, names)
    if listed is None:
        number = row.header.id if row.header else row.number
        name = PurePosixPath(f"{number:08}{ending}")
    else:
        name = listed if listed.suffix.lower() in _same(ending) else listed.with_suffix(ending)
    if not folder or name.parts[0] == folder:
        return name
    return PurePosixPath(folder, name.name if listed is None else name)


def _same(ending: str) -> tuple[str, ...]:
    return (".jpg", ".jpeg", ".jpe") if ending == ".jpg" else (ending,)


def _folder(row: Row, names: Names) -> str:
    """The folder of a record's class; "" if it has no class: several labels, or one that is no whole number."""
    if len(row.labels) != 1 or not row.labels[0].is_integer():
        return ""
    name = names.class_of(row)
    safe = _safe(name) if name is not None else None
    return str(safe) if safe is not None and len(safe.parts) == 1 else f"{row.labels[0]:g}"


def _safe(text: str) -> PurePosixPath | None:
    """The path, if it stays below the folder it starts from."""
    path = PurePosixPath(text)
    plain = text.strip(" ") == text and not any(c in text for c in "\0\t\r\n")
    harmless = plain and not path.is_absolute() and ".." not in path.parts
    short = all(len(os.fsencode(part)) <= _NAME_LIMIT for part in path.parts)
    return path if harmless and short and path.parts else None
