"""Paths in a config: absolute, relative to the config's folder, or under the folder that MXTRAIN_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

from mxtrain.base.errors import DataError

VARIABLE = "MXTRAIN_DATA"
_MARK = f"${{{VARIABLE}}}"


def expand(text: str, where: Path) -> Path:
    """The path that `text` means.

    Args:
        text: a path; ``${MXTRAIN_DATA}`` stands for that environment variable, a leading ``~`` for the home folder.
        where: folder that relative paths start from (the config file's).

    Raises:
        DataError: if the variable is not set, or another one is asked for.
    """
    if _MARK in text:
        root = os.environ.get(VARIABLE)
        if not root:
            rest = text.replace(_MARK, "").lstrip("/")
            raise DataError(
                f"path {text!r}: the environment variable {VARIABLE} is not set; set it to the folder that holds "
                f"{rest!r} (export {VARIABLE}=/path/to/data), or write the path itself"
            )
        text = text.replace(_MARK, root)
    if "${" in text:
        raise DataError(f"path {text!r}: the only variable that a path may hold is {_MARK}")
    if "\0" in text:
        raise DataError(f"path {text!r}: a path cannot hold a zero byte")
    return where / Path(text).expanduser()


def existing(text: str, where: Path, *, folder: bool = False) -> Path:
    """The file (or folder) that `text` means, which is there.

    Raises:
        DataError: saying which path was looked for, where relative paths start, and what to set.
    """
    path = expand(text, where)
    kind = "folder" if folder else "file"
    if path.is_dir() if folder else path.is_file():
        return path
    found = f"{path} is a {'file' if folder else 'folder'}" if path.is_file() or path.is_dir() else "nothing is there"
    start = "" if Path(text).is_absolute() else f" (relative paths start at {where.resolve()})"
    raise DataError(
        f"data {kind} {text!r}: looked for {path}{start}: {found}; "
        f"correct the path, or write {_MARK}/... and set {VARIABLE} to the folder that holds your data"
    )
