"""MXNet's NDArray list: `.params` and `.nd` files, as MXNet 0.7 to 1.9.1 write them.

    u64 0x112 | u64 0 | u64 N | N array bodies (ndarray_body.py) | u64 K, 0 or N | K times: u64 length, UTF-8 name

Reading gives read-only views of the file's bytes: nothing is copied. What is written is version 2 on cpu(0), byte for
byte what MXNet 1.9.1 writes for the same arrays.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mxtrain.base.errors import FormatError
from mxtrain.formats.cursor import Cursor
from mxtrain.formats.files import Source, read_source, write_file
from mxtrain.formats.guess import guess
from mxtrain.formats.ndarray_body import Value, body_chunks, read_body

MAGIC = 0x112
MAX_NAME = 4096
SMALLEST_BODY = 4


@dataclass(frozen=True, eq=False)
class ArrayList:
    """What a file holds.

    Args:
        arrays: in file order; None where the file holds a "none" array.
        names: one per array, or () if it was saved as a list.
        notices: what a user should hear of and MXNet passes over in silence.
    """

    arrays: tuple[Value | None, ...]
    names: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def load_list(source: Source, name: str = "", *, strict: bool = False) -> ArrayList:
    """Read a file saved as a list or as a dict.

    Args:
        source: a path, or the bytes (a memory map too: the arrays are views of it).
        name: what errors call it; the path if empty.
        strict: bytes after the end are an error, not a notice. For files that we wrote ourselves.

    Raises:
        FormatError: naming file, offset, what was expected and what came.
        DataError: if the file cannot be read.
    """
    data, name = read_source(source, name)
    cursor = Cursor(data, name)
    magic, _, count = cursor.unpack("QQQ", "list header")
    if magic != MAGIC:
        raise cursor.error(f"not an NDArray list: expected magic {MAGIC:#x}, got {magic:#x}{guess(data)}", at=0)
    if count > cursor.remaining // SMALLEST_BODY:
        raise cursor.error(f"{count} arrays expected, but only {cursor.remaining} bytes follow", at=16)
    arrays = tuple(read_body(cursor, f"array {i}") for i in range(count))
    names = _read_names(cursor, count)
    notices: tuple[str, ...] = ()
    if cursor.remaining:
        problem = f"{cursor.remaining} bytes after the end of the list"
        if strict:
            raise cursor.error(problem)
        notices = (f"{name}: offset {cursor.position}: {problem} are ignored",)
    return ArrayList(arrays, names, notices)


def load(
    source: Source, name: str = "", *, strict: bool = False, notice: Callable[[str], None] | None = None
) -> dict[str, Value | None]:
    """Read a file saved as a dict, in file order. See `load_list`.

    Args:
        source: a path, or the bytes.
        name: what errors call it; the path if empty.
        strict: bytes after the end are an error, not a notice.
        notice: called with each text that a user should hear.
    """
    found = load_list(source, name, strict=strict)
    if found.arrays and not found.names:
        what = name or (source if isinstance(source, str | os.PathLike) else "<buffer>")
        raise FormatError(f"{what}: holds {len(found.arrays)} arrays without names; expected a file saved as a dict")
    for text in found.notices if notice else ():
        if notice:
            notice(text)
    return dict(zip(found.names, found.arrays, strict=True))


def save(target: str | os.PathLike[str] | BinaryIO, arrays: Mapping[str, Value] | Sequence[Value]) -> None:
    """Write a dict, or a list without names, as MXNet 1.9.1 does.

    Args:
        target: a path, or a binary file open for writing.
        arrays: NumPy arrays of any order and byte order, BFloat16, RowSparse, CSR.

    Raises:
        FormatError: naming an array that such a file cannot hold (0-d, empty, none, or of another dtype). Nothing has
            been written then.
        OutOfSpace, EnvironmentFault: if the file cannot be written.
    """
    chunks = list_chunks(arrays)
    if isinstance(target, str | os.PathLike):
        write_file(target, chunks)
        return
    for chunk in chunks:
        target.write(chunk)


def dumps(arrays: Mapping[str, Value] | Sequence[Value]) -> bytes:
    """The bytes that `save` writes."""
    return b"".join(list_chunks(arrays))


def list_chunks(arrays: Mapping[str, Value] | Sequence[Value]) -> Iterator[bytes | memoryview]:
    """The file, piece by piece, data not copied where it lies in order. Checks every array before the first piece."""
    names = list(arrays) if isinstance(arrays, Mapping) else []
    values = list(arrays.values()) if isinstance(arrays, Mapping) else list(arrays)
    encoded = [_encode_name(n) for n in names]
    bodies = [body_chunks(v, repr(names[i]) if names else f"array {i}") for i, v in enumerate(values)]
    tail = [struct.pack("<Q", len(encoded)), *(struct.pack("<Q", len(n)) + n for n in encoded)]
    return _flatten([[struct.pack("<QQQ", MAGIC, 0, len(values))], *bodies, tail])


def split_name(key: str) -> tuple[str, str]:
    """``arg:fc1_weight`` as ("arg", "fc1_weight"); ("", key) where there is neither ``arg:`` nor ``aux:``."""
    kind, colon, name = key.partition(":")
    return (kind, name) if colon and kind in ("arg", "aux") else ("", key)


def join_name(kind: str, name: str) -> str:
    """The inverse of `split_name`."""
    return f"{kind}:{name}" if kind else name


def split_params(arrays: Mapping[str, Value | None]) -> tuple[dict[str, Value], dict[str, Value]]:
    """Arguments and auxiliary states of a checkpoint, prefixes off. Names without a prefix (Gluon's) are arguments.

    Raises:
        FormatError: naming an array that is "none", or a name that comes twice once the prefix is off.
    """
    parts: dict[str, dict[str, Value]] = {"arg": {}, "aux": {}}
    for key, value in arrays.items():
        kind, name = split_name(key)
        part = parts[kind or "arg"]
        if value is None:
            raise FormatError(f"parameter {key!r} is a none array: the file was saved before it had a value")
        if name in part:
            raise FormatError(f"parameter {name!r} is there twice, with and without 'arg:'")
        part[name] = value
    return parts["arg"], parts["aux"]


def join_params(arguments: Mapping[str, Value], auxiliary: Mapping[str, Value]) -> dict[str, Value]:
    """The inverse of `split_params`."""
    result = {join_name("arg", n): v for n, v in arguments.items()}
    return result | {join_name("aux", n): v for n, v in auxiliary.items()}


def _read_names(cursor: Cursor, arrays: int) -> tuple[str, ...]:
    start = cursor.position
    count = cursor.number("Q", "number of names")
    if count not in (0, arrays):
        raise cursor.error(f"expected 0 or {arrays} names, got {count}", at=start)
    names: dict[str, None] = {}
    for i in range(count):
        start = cursor.position
        size = cursor.number("Q", f"length of name {i}")
        if size > MAX_NAME:
            raise cursor.error(f"name {i}: expected at most {MAX_NAME} bytes, got {size}", at=start)
        raw = bytes(cursor.take(size, f"name {i}"))
        try:
            name = raw.decode()
        except UnicodeDecodeError as e:
            raise cursor.error(f"name {i} is not UTF-8: {e.reason}", at=start + 8 + e.start) from None
        if name in names:
            raise cursor.error(f"name {i}: {name!r} is there twice", at=start)
        names[name] = None
    return tuple(names)


def _encode_name(name: str) -> bytes:
    try:
        raw = name.encode()
    except UnicodeEncodeError:
        raise FormatError(f"array name {name!r} cannot be written as UTF-8") from None
    if len(raw) > MAX_NAME:
        raise FormatError(f"array name {name[:40]!r}...: expected at most {MAX_NAME} bytes, got {len(raw)}")
    return raw


def _flatten(parts: Iterable[Iterable[bytes | memoryview]]) -> Iterator[bytes | memoryview]:
    for part in parts:
        yield from part
