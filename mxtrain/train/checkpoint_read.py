"""Reading checkpoints: verify every byte against the manifest, find the newest that is good.

Nothing here writes. `checkpoint_io` says how the directories come to be.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mxtrain.base.errors import CheckpointError, EnvironmentFault
from mxtrain.train import manifest as manifests
from mxtrain.train.file_system import LOCAL, FileSystem, Sum, describe
from mxtrain.train.manifest import Manifest

log = logging.getLogger(__name__)

# The name of a checkpoint, and of one that stands in for it while it is being replaced.
RUN = re.compile(r"\d{3,9}")
STEP = re.compile(r"step-(\d{8}|[1-9]\d{8,17})")
OLD = re.compile(r"\.old-step-(\d{8,18})-([A-Za-z0-9]+)-[0-9a-f]{8}")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose manifest has been read and verified.

    Args:
        path: its directory.
        manifest: step, run id, score, and size and sum of each file.
    """

    path: Path
    manifest: Manifest
    fs: FileSystem = field(default=LOCAL, repr=False, compare=False)

    @property
    def step(self) -> int:
        """Training steps done."""
        return self.manifest.step

    @property
    def names(self) -> tuple[str, ...]:
        """The files, sorted."""
        return tuple(sorted(self.manifest.files))

    def read(self, name: str) -> bytes:
        """The content of one file, verified.

        Raises:
            CheckpointError: naming the file, what was expected and what came.
        """
        if name not in self.manifest.files:
            raise CheckpointError(f"{self.path}: no file {name!r}; there are: {', '.join(self.names)}")
        return b"".join(_verified(self.fs, self.path / name, self.manifest.files[name], 1 << 62))

    def verify(self) -> None:
        """Read and check every file, in constant memory.

        Raises:
            CheckpointError: for the first file that is not what the manifest says.
        """
        for name in self.names:
            for _ in _verified(self.fs, self.path / name, self.manifest.files[name], 1 << 20):
                pass


def _verified(fs: FileSystem, path: Path, expected: Sum, block: int) -> Iterator[bytes]:
    """The content in blocks; raises CheckpointError at the end if it is not what was expected."""
    try:
        with fs.open(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size != expected.size:
                at = min(size, expected.size)
                raise CheckpointError(f"{path}: offset {at}: expected {expected.size} bytes, got {size}")
            left, total = size, hashlib.sha256()
            while left and (data := file.read(min(block, left))):
                left -= len(data)
                total.update(data)
                yield data
    except OSError as error:
        raise CheckpointError(f"{describe(error, path)}: cannot be read") from None
    if left or total.hexdigest() != expected.sha256:
        raise CheckpointError(
            f"{path}: offset 0 to {size - left}: expected sha256 {expected.sha256}, got {total.hexdigest()}"
        )


def read_manifest(path: Path, fs: FileSystem) -> Checkpoint:
    """The checkpoint in directory `path`; only its manifest is read.

    Raises:
        CheckpointError: if there is no manifest, or not one that verifies.
    """
    file = path / manifests.FILE
    try:
        with fs.open(file) as stream:
            size = os.fstat(stream.fileno()).st_size
            raw = stream.read(min(size, manifests.LIMIT))
    except OSError as error:
        raise CheckpointError(f"{describe(error, file)}: expected the manifest, which is written last") from None
    if size > manifests.LIMIT:
        raise CheckpointError(f"{file}: expected at most {manifests.LIMIT} bytes, got {size}")
    checkpoint = Checkpoint(path, manifests.parse(raw, str(file)), fs)
    named = step_of(path.name)
    if named not in (-1, checkpoint.step):
        raise CheckpointError(f"{file}: expected step {named}, as the directory is named, got step {checkpoint.step}")
    return checkpoint


def problem(path: Path, fs: FileSystem) -> CheckpointError | None:
    """Why the checkpoint in directory `path` does not verify, or None."""
    try:
        read_manifest(path, fs).verify()
    except CheckpointError as error:
        return error
    return None


def listed(root: Path, fs: FileSystem) -> list[Checkpoint]:
    """The checkpoints whose manifests read, by step; their files are not looked at."""
    result = []
    for name in fs.listdir(root):
        if STEP.fullmatch(name):
            with suppress(CheckpointError):
                result.append(read_manifest(root / name, fs))
    return sorted(result, key=lambda c: c.step)


def step_of(name: str) -> int:
    """The step in a directory's name, ``step-N`` or what stands in for it; -1 if it names none."""
    match = STEP.fullmatch(name) or OLD.fullmatch(name)
    return int(match[1]) if match else -1


def newest(root: Path, fs: FileSystem) -> tuple[Checkpoint | None, list[str]]:
    """The highest step that verifies, and what is wrong with each step above it.

    Raises:
        OSError: if `root` cannot be read.
    """
    while True:
        names = _newest_first(root, fs)
        found, problems = _first_good(root, names, fs)
        # A run that goes on meanwhile may have removed what was listed, and committed another.
        if not problems or _newest_first(root, fs) == names:
            return found, problems


def _newest_first(root: Path, fs: FileSystem) -> list[str]:
    names = [name for name in fs.listdir(root) if step_of(name) >= 0]
    return sorted(names, key=lambda n: (step_of(n), STEP.fullmatch(n) is not None, n), reverse=True)


def _first_good(root: Path, names: list[str], fs: FileSystem) -> tuple[Checkpoint | None, list[str]]:
    problems = []
    for name in names:
        try:
            checkpoint = read_manifest(root / name, fs)
            checkpoint.verify()
        except CheckpointError as error:
            problems.append(str(error))
        else:
            return checkpoint, problems
    return None, problems


def latest(root: Path, fs: FileSystem = LOCAL) -> Checkpoint | None:
    """The checkpoint with the highest step whose manifest and sums verify; warns of those above it that do not.

    Args:
        root: a ``checkpoints`` directory.
        fs: the calls to use.

    Returns:
        None if there is none, or no such directory.

    Raises:
        EnvironmentFault: if `root` cannot be read.
    """
    try:
        checkpoint, problems = newest(root, fs)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EnvironmentFault(f"{describe(error, root)}: expected a readable directory of checkpoints") from error
    for text in problems:
        log.warning("%s; skipped", text)
    return checkpoint


def open_checkpoint(path: Path, fs: FileSystem = LOCAL) -> Checkpoint:
    """The checkpoint that `path` means: itself, or the newest good one of a run or of a ``checkpoints`` directory.

    Raises:
        EnvironmentFault: if there is no such directory, it cannot be read, or it holds runs: naming these.
        CheckpointError: if it holds no checkpoint that verifies: naming what is wrong with each.
    """
    if not path.is_dir():
        came = "a file" if path.exists() else "nothing"
        raise EnvironmentFault(f"{path}: expected a run, a checkpoints directory or a checkpoint, got {came}")
    path = path.resolve()
    if STEP.fullmatch(path.name) or (path / manifests.FILE).exists():
        checkpoint = read_manifest(path, fs)
        checkpoint.verify()
        return checkpoint
    root = path / "checkpoints"
    root = root if root.is_dir() else path
    found = latest(root, fs)
    if found is not None:
        return found
    runs = sorted(n for n in fs.listdir(root) if RUN.fullmatch(n))
    if runs and root == path:
        raise EnvironmentFault(f"{path}: expected a run or a checkpoint; it holds the runs {', '.join(runs)}: name one")
    _, problems = newest(root, fs)
    held = ", ".join(sorted(fs.listdir(root))[:8]) or "nothing"
    first = f"{root}: expected a checkpoint that verifies, got none; the directory holds {held}"
    raise CheckpointError("\n".join([first, *problems]))
