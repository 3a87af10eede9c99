"""A run's directory ``runs/<name>/<NNN>/``: made once, locked while a process works in it.

| file                | content                                                            |
|---------------------|--------------------------------------------------------------------|
| ``config.input.yaml`` | the configuration as given                                       |
| ``config.yaml``     | the configuration resolved                                         |
| ``meta.json``       | run id, versions, command line, devices, git commit                |
| ``log.txt``         | what was said                                                      |
| ``metrics.jsonl``   | one JSON object per line                                           |
| ``run.lock``        | who works here                                                     |
| ``checkpoints/``    | see checkpoint_io                                                  |
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import platform
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import mxtrain
from mxtrain.base.errors import ConfigError, DataError, EnvironmentFault, RunBusy
from mxtrain.train.checkpoint_read import RUN
from mxtrain.train.file_system import LOCAL, FileSystem, describe, ensure_dir, fault, replace_file

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_RUN_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_META_LIMIT = 1 << 20
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class RunDirectory:
    """A run on disk.

    Args:
        path: its directory, ``runs/<name>/<NNN>``.
        run_id: what marks its files as its own, also after a resume or a copy of the directory.
    """

    path: Path
    run_id: str

    @property
    def checkpoints(self) -> Path:
        """Where its checkpoints are."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """The machine-readable log."""
        return self.path / "metrics.jsonl"


def check_name(name: str) -> str:
    """The run's name, if it can be one.

    Raises:
        ConfigError: if it could leave its directory, or holds other characters.
    """
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise ConfigError(f"name: expected 1 to 64 of A-Z a-z 0-9 . _ - and not . or .., got {name!r}")
    return name


def describe_run(command: Sequence[str], devices: Sequence[str]) -> dict[str, Any]:
    """What meta.json says of this process: versions, command line, devices, host, time, and the git commit if any."""
    versions = {}
    for package in ("numpy", "pyyaml", "pydantic", "pillow", "onednn-cpu-gomp", "cupy-cuda13x"):
        with suppress(metadata.PackageNotFoundError):
            versions[package] = metadata.version(package)
    return {
        "version": mxtrain.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions,
        "command": list(command),
        "devices": list(devices),
        "host": socket.gethostname(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": git_commit(Path.cwd()),
    }


def git_commit(folder: Path) -> str | None:
    """The commit checked out in the repository that holds `folder`; None if there is none, or no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    commit = done.stdout.decode("ascii", "replace").strip()
    return commit if re.fullmatch(r"[0-9a-f]{40,64}", commit) else None


def create(
    runs: Path, name: str, given: str, resolved: str, meta: Mapping[str, Any], *, fs: FileSystem = LOCAL
) -> RunDirectory:
    """Make the next free ``runs/<name>/<NNN>``. Two processes at once get two numbers.

    Args:
        runs: the directory of all runs; made if missing.
        name: the run's name.
        given: the configuration as given, YAML.
        resolved: the resolved configuration, YAML.
        meta: what `describe_run` says, or more.
        fs: the calls to use.

    Raises:
        ConfigError: if `name` cannot be one.
        EnvironmentFault: if `runs` cannot be written.
        OutOfSpace: if the disk is full.
    """
    parent = runs / check_name(name)
    try:
        ensure_dir(fs, parent)
        path = _next_free(fs, parent)
        ensure_dir(fs, path / "checkpoints")
        run = RunDirectory(path, secrets.token_hex(8))
        replace_file(fs, path / "config.input.yaml", given.encode())
        replace_file(fs, path / "config.yaml", resolved.encode())
        text = json.dumps({**meta, "run_id": run.run_id}, indent=1, sort_keys=True)
        replace_file(fs, path / "meta.json", text.encode() + b"\n")
    except OSError as error:
        raise fault(error, parent, "the run directory cannot be made", EnvironmentFault) from error
    return run


def _next_free(fs: FileSystem, parent: Path) -> Path:
    number = max((int(n) for n in fs.listdir(parent) if re.fullmatch(r"\d{3,9}", n)), default=0)
    while True:
        number += 1
        path = parent / f"{number:03d}"
        try:
            fs.mkdir(path, 0o777)
        except FileExistsError:
            continue
        fs.fsync_dir(path)
        fs.fsync_dir(parent)
        return path


def open_run(path: Path, *, fs: FileSystem = LOCAL) -> RunDirectory:
    """The run in directory `path`.

    Raises:
        EnvironmentFault: if it is no run directory: naming the runs it holds, if any.
        DataError: if its meta.json is damaged.
    """
    file = path / "meta.json"
    try:
        with fs.open(file) as stream:
            raw = stream.read(_META_LIMIT)
    except OSError as error:
        numbers = []
        with suppress(OSError):
            numbers = sorted(n for n in fs.listdir(path) if RUN.fullmatch(n))
        hint = f"; it holds the runs {', '.join(numbers)}: name one" if numbers else ""
        raise EnvironmentFault(
            f"{describe(error, file)}: expected a run directory, which has a meta.json{hint}"
        ) from None
    try:
        run_id = json.loads(raw)["run_id"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise DataError(f"{file}: expected a JSON object with a run_id, got {type(error).__name__}: {error}") from None
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise DataError(f"{file}: run_id: expected 1 to 64 of A-Z a-z 0-9, got {run_id!r}")
    return RunDirectory(path, run_id)


@contextmanager
def lock(run: RunDirectory) -> Iterator[None]:
    """Hold the run's lock: at most one process works in a run directory.

    The lock ends with the process, however it ends (a child made by fork without exec would keep it). One left behind
    by a killed process is taken over, with a warning that names it.

    Raises:
        RunBusy: naming the process that holds it.
        EnvironmentFault: if the lock file cannot be made, or the file system has no locks.
    """
    path = run.path / "run.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise fault(error, path, "the run cannot be locked", EnvironmentFault) from error
    try:
        _acquire(descriptor, path)
        holder = os.pread(descriptor, 4096, 0)
        if holder:
            log.warning("%s: the lock of %s, which runs no more, is taken over", path, _who(holder))
        _write_holder(descriptor, path, run.run_id)
        try:
            yield
        finally:
            # A kill leaves the name behind, which tells the next run.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = _who(os.pread(descriptor, 4096, 0))
        raise RunBusy(f"{path}: {who} works in this run; wait for it, stop it, or start a run of your own") from None
    except OSError as error:
        raise EnvironmentFault(
            f"{describe(error, path)}: the file system has no locks; put the runs on one that has"
        ) from error


def _write_holder(descriptor: int, path: Path, run_id: str) -> None:
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "boot_id": boot, "run_id": run_id}
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder, sort_keys=True).encode() + b"\n", 0)
    except OSError as error:
        # The lock itself holds; only its name tag is missing.
        log.warning("%s: could not be written", describe(error, path))


def _who(raw: bytes) -> str:
    try:
        holder = json.loads(raw)
        return f"process {int(holder['pid'])} on {str(holder['host'])[:255]!r} (run {str(holder['run_id'])[:64]})"
    except (ValueError, RecursionError, KeyError, TypeError):
        return "another process"


def log_handler(run: RunDirectory) -> logging.FileHandler:
    """A handler that appends to the run's log.txt, UTF-8 in any locale. The caller adds and closes it."""
    handler = logging.FileHandler(run.path / "log.txt", mode="a", encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler
