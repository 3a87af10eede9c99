"""Folders of images: what lies in them in byte order, and what is left out with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mxtrain.base.errors import DataError
from mxtrain.data.source import Skipped

NO_IMAGE = "not an image by its name, or a format that `formats` does not list"


def class_folders(root: Path, endings: tuple[str, ...]) -> tuple[dict[str, list[str]], list[Skipped]]:
    """Images below `root` by the folder in it that they lie in, at any depth, and what was left out.

    Args:
        endings: of the names of images, in lower case.

    Returns:
        for every folder, in order, the paths of its images from `root`; links are followed.

    Raises:
        DataError: if a folder cannot be listed.
    """
    skipped: list[Skipped] = []
    found: dict[str, list[str]] = {}
    for name, is_folder in _entries(root, "", skipped):
        if is_folder:
            found[name] = list(_walk(root, name, endings, skipped, frozenset([_identity(root)])))
        else:
            skipped.append(Skipped(name, "not in a class folder"))
    return found, skipped


def _walk(
    root: Path, folder: str, endings: tuple[str, ...], skipped: list[Skipped], above: frozenset[tuple[int, int]]
) -> Iterator[str]:
    """Relative paths of the images below `folder`, in order. `above`: folders on the way here."""
    here = _identity(root / folder)
    if here in above:
        skipped.append(Skipped(folder, "a link back to a folder above it"))
        return
    for name, is_folder in _entries(root, folder, skipped):
        path = f"{folder}/{name}"
        if is_folder:
            yield from _walk(root, path, endings, skipped, above | {here})
        elif not name.lower().endswith(endings):
            skipped.append(Skipped(path, NO_IMAGE))
        elif not (root / path).is_file():
            skipped.append(Skipped(path, "a broken link, or not a regular file"))
        else:
            yield path


def _entries(root: Path, folder: str, skipped: list[Skipped]) -> Iterator[tuple[str, bool]]:
    """(name, is it a folder) of what a folder holds, in byte order, without hidden entries and undecodable names."""
    try:
        with os.scandir(root / folder) as listing:
            entries = sorted(((e.name, e.is_dir()) for e in listing), key=lambda e: os.fsencode(e[0]))
    except OSError as error:
        raise DataError(f"{root / folder}: cannot be listed: {error.strerror or error}") from error
    for name, is_folder in entries:
        path = f"{folder}/{name}" if folder else name
        shown = path.encode("utf-8", "backslashreplace").decode()
        if name.startswith("."):
            skipped.append(Skipped(shown, "hidden"))
        elif shown != path:
            skipped.append(Skipped(shown, "its name is not UTF-8"))
        else:
            yield name, is_folder


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
