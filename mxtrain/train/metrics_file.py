"""metrics.jsonl: one JSON object per line, appended as things happen, rolled back when a run resumes earlier."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from mxtrain.base.errors import EnvironmentFault
from mxtrain.train.file_system import LOCAL, FileSystem, fault, replace_file

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MetricsFile:
    """An open metrics.jsonl. Every line is one write, so that a kill tears at most the last.

    Args:
        path: the file.
        file: it, opened unbuffered for appending.
    """

    path: Path
    file: FileIO

    def append(self, step: int, event: Mapping[str, Any]) -> None:
        """Append one line. Steps must not go down; a number that is not finite becomes null, as JSON has none.

        Raises:
            OutOfSpace: if the disk is full; the line is not there then.
            EnvironmentFault: if the file cannot be written otherwise.
        """
        line = json.dumps({"step": step, **_finite(event)}, allow_nan=False).encode() + b"\n"
        size = self.size()
        try:
            left = memoryview(line)
            while left:
                left = left[self.file.write(left) :]
        except OSError as error:
            with suppress(OSError):
                self.file.truncate(size)
            raise fault(error, self.path, "metrics cannot be written", EnvironmentFault) from error

    def size(self) -> int:
        """Bytes so far."""
        return self.file.seek(0, 2)

    def sync(self, fs: FileSystem = LOCAL) -> int:
        """Bring every line to the disk, before the checkpoint that counts on them; returns the size in bytes.

        Raises:
            OutOfSpace: if the disk is full.
            EnvironmentFault: if the disk fails otherwise.
        """
        try:
            fs.fsync_file(self.file)
        except OSError as error:
            raise fault(error, self.path, "metrics cannot be written", EnvironmentFault) from error
        return self.size()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


@contextmanager
def open_metrics(path: Path, *, fs: FileSystem = LOCAL) -> Iterator[MetricsFile]:
    """Open metrics.jsonl for appending; made if missing.

    Raises:
        EnvironmentFault: if it cannot be written.
    """
    try:
        file = FileIO(path, "ab")
        fs.fsync_dir(path.parent)
    except OSError as error:
        raise fault(error, path, "metrics cannot be written", EnvironmentFault) from error
    with file:
        yield MetricsFile(path, file)


def rollback(path: Path, step: int, size: int | None = None, *, fs: FileSystem = LOCAL) -> int:
    """Drop, all at once, what a run wrote after the checkpoint it resumes from, and a torn last line.

    Args:
        path: metrics.jsonl; need not exist.
        step: the checkpoint's step: the first line of a later one, and all behind it, go.
        size: what `MetricsFile.sync` returned when the checkpoint was made: lines beyond it go, also those of its step.
        fs: the calls to use.

    Returns:
        Bytes dropped.

    Raises:
        OutOfSpace: if the disk is full; the file is as it was.
        EnvironmentFault: if it cannot be rewritten otherwise.
    """
    try:
        with fs.open(path) as file:
            lines = file.readall().splitlines(keepends=True)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise fault(error, path, "metrics cannot be read", EnvironmentFault) from error
    kept = b"".join(_until(lines, step, size))
    dropped = sum(map(len, lines)) - len(kept)
    if size is not None and len(kept) < size:
        log.warning("%s: expected %d bytes up to step %d, got %d: lines are missing", path, size, step, len(kept))
    if dropped:
        try:
            replace_file(fs, path, kept)
        except OSError as error:
            raise fault(error, path, "metrics cannot be rolled back", EnvironmentFault) from error
    return dropped


def last_values(path: Path) -> dict[str, float]:
    """train.* and val.* of the last epoch in a metrics.jsonl that was rolled back; empty if it has none."""
    found: dict[str, float] = {}
    if path.exists():
        for line in path.read_bytes().splitlines():
            event = json.loads(line)
            if part := {"epoch": "train", "eval": "val"}.get(event["event"]):
                values = event["metrics"].items()
                found |= {f"{part}.{name}": math.nan if value is None else value for name, value in values}
    return found


def _until(lines: list[bytes], step: int, size: int | None) -> Iterator[bytes]:
    end = 0
    for line in lines:
        end += len(line)
        if not line.endswith(b"\n") or (size is not None and end > size):
            return
        try:
            if json.loads(line)["step"] > step:
                return
        except (ValueError, RecursionError, KeyError, TypeError):
            # Damaged by a power cut: nothing behind it can be trusted to be in order.
            return
        yield line
