"""Finding and reading configuration files.

What a file names itself must lie below a given folder, with no link on the way.
"""

from __future__ import annotations

import codecs
import difflib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import NamedTuple

from mxtrain.base.errors import ConfigError
from mxtrain.config.tree import Position, printable, show

MAX_BYTES = 1_000_000
_SUFFIX = ".yaml"
_FEW = 12
"""Names that are listed where none is near to what was asked for."""


class File(NamedTuple):
    """A file that was read: its name as the user knows it, the folder it is in, its identity, its text."""

    name: str
    folder: str
    identity: tuple[int, int]
    text: str


def find(path: str, search: Sequence[str]) -> File:
    """The file that a user named: as given, or in one of the `search` folders, with or without ``.yaml``.

    Raises:
        ConfigError: if there is none or it cannot be read.
    """
    odd = ""
    for name in (path, path + _SUFFIX, *_names(path, search)) if path else ():
        try:
            mode = os.stat(name).st_mode
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(mode):
            return _read(_open(name), name)
        odd = odd or f"{'a folder' if stat.S_ISDIR(mode) else 'not a regular file'}; name a YAML file"
    raise ConfigError(f"{printable(path) or repr('')}: {odd or f'no such file{_looked(path, search)}'}")


def find_below(name: str, folder: str, search: Sequence[str], passed: Callable[[File], bool] | None = None) -> File:
    """The file that another file names: below its folder or a `search` folder, with or without ``.yaml``.

    Args:
        passed: whether to look further, though a file of this name was found.

    Raises:
        ConfigError: whose problems lack the position, which the caller knows.
    """
    parts = PurePath(name).parts
    if not parts or PurePath(name).is_absolute() or ".." in parts or not name.isprintable():
        raise ConfigError(
            f"must be the name of a file below {printable(folder) or '.'} or among the shipped ones, got {show(name)}"
        )
    others: list[str] = []
    for root in (folder, *search):
        for ending in ("", _SUFFIX):
            wanted = (*parts[:-1], parts[-1] + ending)
            descriptor = _open_below(root, wanted)
            if descriptor is not None:
                found = _read(descriptor, os.path.join(root, *wanted))
                if passed is None or not passed(found):
                    return found
                others.append(found.name)
                continue
            if os.path.lexists(os.path.join(root, *wanted)) and not os.path.isdir(os.path.join(root, *wanted)):
                raise ConfigError(f"{show(name)} must be a readable regular file, and no link on the way to it")
    if others:
        raise ConfigError(
            f"{printable(others[0])} is not what {show(name)} can be here, and there is no other of that name"
        )
    raise ConfigError(f"no file {show(name)}{_looked(os.path.join(folder, name), search)}")


def _open(name: str) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigError(f"{Position(name, 1, 1)}: cannot be read: {error.strerror}") from None


def _names(path: str, search: Sequence[str]) -> list[str]:
    if os.path.isabs(path):
        return []
    return [os.path.join(folder, path + ending) for folder in search for ending in ("", _SUFFIX)]


def _open_below(root: str, parts: Sequence[str]) -> int | None:
    """A descriptor of root/parts, opened step by step so that no link is followed; None if there is no regular file."""
    try:
        current = os.open(root or ".", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        flags = os.O_RDONLY | os.O_NOFOLLOW | (os.O_NONBLOCK if last else os.O_DIRECTORY)
        try:
            following = os.open(part, flags, dir_fd=current)
        except OSError:
            return None
        finally:
            os.close(current)
        current = following
    if stat.S_ISREG(os.fstat(current).st_mode):
        return current
    os.close(current)
    return None


def _configs(folder: str) -> list[str]:
    """Names of the YAML files of a folder, without their ending."""
    try:
        return [name.removesuffix(_SUFFIX) for name in sorted(os.listdir(folder or ".")) if name.endswith(_SUFFIX)]
    except (OSError, ValueError):
        return []


def _looked(path: str, search: Sequence[str]) -> str:
    """The nearest name that is there; else the shipped names if they are few, or where it was looked for."""
    there = [_configs(folder) for folder in (os.path.dirname(path), *search)]
    wanted = os.path.basename(path).removesuffix(_SUFFIX)
    near = [match for names in there for match in difflib.get_close_matches(wanted, names, 1)]
    if near:
        return f"; did you mean {near[0] + _SUFFIX!r}?"
    shipped = [name for names in there[1:] for name in names]
    if 0 < len(shipped) <= _FEW:
        return f"; shipped are {', '.join(shipped)}"
    folders = [printable(folder) or "." for folder in search]
    return f", nor in {' or '.join(folders)}" if folders else ""


def _read(descriptor: int, name: str) -> File:
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        try:
            raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigError(f"{Position(name, 1, 1)}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{Position(name, 1, 1)}: larger than {MAX_BYTES} bytes; a config is smaller")
    return File(name, os.path.dirname(name), (info.st_dev, info.st_ino), _decode(raw, name))


def _decode(raw: bytes, name: str) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{Position(name, 1, 1)}: UTF-16; save it as UTF-8")
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        line = before[before.rfind("\n") + 1 :]
        where = Position(name, before.count("\n") + 1, len(line) + 1, line)
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise ConfigError(where.problem(message)) from None
