"""Checkpoints that no kill, full disk or power cut can tear: all of the writing, and finding the newest good one.

A checkpoint is a directory ``step-00001234`` of named files, committed by one rename. The order of the calls in
`_commit` and `write` is the protocol; nothing else writes checkpoint files. Beside them may stand

    last, best                          links, hints only: resume takes the highest step that verifies
    .tmp-..., .trash-...                unfinished, or on its way out; `prepare` removes those of this run
    .old-step-N-...                     what step N was until its replacement is committed; still counts as step N
    .bad-step-N-..., .aside-step-N-...  kept for a person to look at: damaged, or later than where the run was resumed
"""

from __future__ import annotations

import errno
import logging
import math
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mxtrain.base.errors import CheckpointError, ConfigError, MXTrainError, OutOfSpace
from mxtrain.train import manifest as manifests
from mxtrain.train.checkpoint_read import (
    OLD,
    Checkpoint,
    latest,
    listed,
    newest,
    open_checkpoint,
    problem,
    step_of,
)
from mxtrain.train.file_system import (
    FULL,
    LOCAL,
    Content,
    FileSystem,
    describe,
    ensure_dir,
    fault,
    remove_tree,
    size_of,
    write_file,
)
from mxtrain.train.manifest import Manifest, Mode, Score

__all__ = ["Checkpoint", "Policy", "latest", "open_checkpoint", "prepare", "rewind", "write"]

log = logging.getLogger(__name__)

_LEFTOVER = re.compile(r"\.(?:tmp|trash)-(?:step-\d{8,18}|last|best|probe)-([A-Za-z0-9]+)-[0-9a-f]{8}")


@dataclass(frozen=True)
class Policy:
    """Which checkpoints stay, and the score of the one being written.

    Args:
        keep_last: how many of the highest steps; None keeps all.
        keep_best: how many of the best scores besides.
        monitor: name of the metric that ranks them; empty: none.
        mode: whether a larger or a smaller score is better.
        value: score of the checkpoint being written; None: not measured.
        on_full: when the disk is full, ``stop``, or ``prune`` the oldest that is not the best and try once more.

    Raises:
        ConfigError: for numbers that would keep nothing.
    """

    keep_last: int | None = 3
    keep_best: int = 0
    monitor: str = ""
    mode: Mode = "max"
    value: float | None = None
    on_full: Literal["stop", "prune"] = "stop"

    def __post_init__(self) -> None:
        if self.keep_last is not None and self.keep_last < 1:
            raise ConfigError(f"checkpoint.keep_last: expected 1 or more, or null to keep all, got {self.keep_last}")
        if self.keep_best < 0:
            raise ConfigError(f"checkpoint.keep_best: expected 0 or more, got {self.keep_best}")
        if self.keep_best and not self.monitor:
            raise ConfigError(
                f"checkpoint.keep_best: {self.keep_best} needs checkpoint.monitor, the metric that ranks them"
            )

    @property
    def score(self) -> Score | None:
        """What the manifest records. A value that is not finite counts as not measured."""
        if not self.monitor:
            return None
        if self.value is None or not math.isfinite(self.value):
            return Score(self.monitor, None, self.mode)
        return Score(self.monitor, float(self.value), self.mode)


@dataclass(frozen=True)
class _Save:
    root: Path
    step: int
    files: Mapping[str, Content]
    run_id: str
    policy: Policy
    fs: FileSystem


def write(
    root: Path, step: int, files: Mapping[str, Content], *, run_id: str, prune: Policy, fs: FileSystem = LOCAL
) -> Path:
    """Write and commit a checkpoint, point ``last`` and ``best`` at what they name, remove what `prune` does not keep.

    When it returns, no crash or power cut loses the checkpoint. When it raises, those that were there are as they were.

    Args:
        root: the ``checkpoints`` directory; made if missing.
        step: training steps done; a checkpoint of the same step is replaced.
        files: name to bytes, or to a function that writes to the file given (it may be called more than once).
        run_id: the run's, which marks what this run may remove.
        prune: what to keep.
        fs: the calls to use.

    Returns:
        The directory ``root/step-00001234``.

    Raises:
        OutOfSpace: naming the bytes needed.
        EnvironmentFault: if `root` cannot be written.
        CheckpointError: for a file name that cannot be one, or if writing fails for another reason.
    """
    if wrong := manifests.problem_with_run(step, run_id) or manifests.problem_with_names(files):
        raise CheckpointError(f"{root}: {wrong}")
    save = _Save(root, step, files, run_id, prune, fs)
    path = _commit_or_explain(save)
    log.info("checkpoint committed step=%d", step)
    try:
        survivors, doomed = _retention(save)
        _point(save, "last", path.name)
        if best := _best(survivors, prune):
            _point(save, "best", best.path.name)
        _settle_old(save)
        _remove(save, [c.path for c in doomed])
    except OSError as error:
        # The checkpoint is safe; links are hints, and what was not removed now is next time.
        log.warning("%s: tidying up after checkpoint step %d failed", describe(error, root), step)
    return path


def _commit_or_explain(save: _Save) -> Path:
    pruned = retried = False
    while True:
        try:
            return _commit(save)
        except OSError as error:
            if error.errno in FULL and save.policy.on_full == "prune" and not pruned and _make_room(save):
                pruned = True
            elif error.errno == errno.EIO and not retried:
                # All of it again in new files: after a failed fsync, another one of the same file says nothing.
                log.warning("%s: trying checkpoint step %d once more", describe(error, save.root), save.step)
                retried = True
            else:
                raise _explained(save, error) from error


def _explained(save: _Save, error: OSError) -> MXTrainError:
    if error.errno in FULL:
        needed = sum(size_of(content) for content in save.files.values())
        free = "?"
        with suppress(OSError):
            free = str(save.fs.free(save.root))
        return OutOfSpace(
            f"{describe(error, save.root)}: checkpoint step {save.step} needs {needed} bytes, {free} are free; "
            "the earlier ones are untouched. Free some space, lower checkpoint.keep_last, set checkpoint.on_full: prune"
        )
    doing = f"checkpoint step {save.step} could not be written; the earlier ones are untouched"
    return fault(error, save.root, doing, CheckpointError)


def _commit(save: _Save) -> Path:
    """Steps 1 to 6 of the protocol. If it raises, the directory is as it was, but for hidden leftovers."""
    fs, final = save.fs, save.root / f"step-{save.step:08d}"
    temporary = save.root / _hidden(".tmp", final.name, save.run_id)
    try:
        ensure_dir(fs, save.root)
        fs.mkdir(temporary, 0o700)
        sums = {name: write_file(fs, temporary / name, content) for name, content in save.files.items()}
        text = manifests.dump(Manifest(save.step, save.run_id, sums, save.policy.score))
        write_file(fs, temporary / manifests.FILE, text)
        fs.fsync_dir(temporary)
        _rename_into_place(save, temporary, final)
    except Exception:
        with suppress(OSError):
            remove_tree(fs, temporary)
        raise
    return final


def _rename_into_place(save: _Save, temporary: Path, final: Path) -> None:
    fs, old = save.fs, None
    if final.name in fs.listdir(save.root):
        # Good or bad, it stands in for itself until the new one is durable; which it was is asked afterwards.
        old = save.root / _hidden(".old", final.name, save.run_id)
        fs.rename(final, old)
    try:
        fs.rename(temporary, final)
        fs.fsync_dir(save.root)
    except OSError:
        with suppress(OSError):
            if temporary.name not in fs.listdir(save.root):
                fs.rename(final, temporary)
            if old is not None:
                fs.rename(old, final)
        raise


def _hidden(prefix: str, name: str, run_id: str = "") -> str:
    return "-".join(filter(None, (prefix, name, run_id, secrets.token_hex(4))))


def _retention(save: _Save) -> tuple[list[Checkpoint], list[Checkpoint]]:
    """What stays and what goes, by step. Only this run's are counted and may go; the one just committed stays."""
    policy = save.policy
    mine = [c for c in listed(save.root, save.fs) if c.manifest.run_id == save.run_id]
    if policy.keep_last is None:
        return mine, []
    stay = {save.step, *(c.step for c in mine[-policy.keep_last :])}
    stay |= {c.step for c in _ranked(mine, policy)[: policy.keep_best]}
    return [c for c in mine if c.step in stay], [c for c in mine if c.step not in stay]


def _ranked(checkpoints: list[Checkpoint], policy: Policy) -> list[Checkpoint]:
    """Those with a score of this metric, best first, the earlier one first among equals."""
    scored = [
        (-s.rank(), c.step, c)
        for c in checkpoints
        if (s := c.manifest.score) and s.value is not None and (s.name, s.mode) == (policy.monitor, policy.mode)
    ]
    return [c for _, _, c in sorted(scored, key=lambda item: item[:2])]


def _best(checkpoints: list[Checkpoint], policy: Policy) -> Checkpoint | None:
    return next(iter(_ranked(checkpoints, policy)), None)


def _point(save: _Save, link: str, target: str) -> None:
    fs, path = save.fs, save.root / link
    with suppress(OSError):
        if fs.readlink(path) == target:
            return
    temporary = save.root / _hidden(".tmp", link, save.run_id)
    fs.symlink(target, temporary)
    fs.rename(temporary, path)
    fs.fsync_dir(save.root)


def _settle_old(save: _Save) -> None:
    """The replacement is durable: what it replaced goes if it was good, and is kept as bad if it was not."""
    for name in save.fs.listdir(save.root):
        match = OLD.fullmatch(name)
        if match and int(match[1]) == save.step and match[2] == save.run_id:
            path = save.root / name
            if found := problem(path, save.fs):
                kept = save.root / _hidden(".bad", f"step-{match[1]}")
                save.fs.rename(path, kept)
                log.warning("%s; replaced, and kept as %s", found, kept.name)
            else:
                _remove(save, [path])


def _remove(save: _Save, paths: list[Path]) -> None:
    trash = [save.root / _hidden(".trash", f"step-{step_of(p.name):08d}", save.run_id) for p in paths]
    for path, target in zip(paths, trash, strict=True):
        save.fs.rename(path, target)
    if trash:
        save.fs.fsync_dir(save.root)
    for target in trash:
        remove_tree(save.fs, target)


def _make_room(save: _Save) -> bool:
    """Remove this run's oldest checkpoint that is neither the best nor the newest good one. False: there is none."""
    try:
        good, _ = newest(save.root, save.fs)
        mine = [c for c in listed(save.root, save.fs) if c.manifest.run_id == save.run_id]
        best = _best(mine, save.policy)
        spared = {save.step, *(c.step for c in (good, best) if c)}
        oldest = next((c for c in mine if c.step not in spared), None)
        if good is None or oldest is None:
            return False
        log.warning("%s: no space left; removing it to write checkpoint step %d", oldest.path, save.step)
        _remove(save, [oldest.path])
    except OSError as error:
        log.warning("%s: no room could be made for checkpoint step %d", describe(error, save.root), save.step)
        return False
    return True


def prepare(root: Path, *, run_id: str, fs: FileSystem = LOCAL) -> None:
    """Before training: make sure that checkpoints can be written, and clear what a killed run left.

    Removes unfinished and outgoing checkpoints of this run id, puts back one whose replacement was never committed;
    reports what it does not know and leaves it alone. Call it under the run's lock.

    Raises:
        EnvironmentFault: if `root` cannot be written.
        OutOfSpace: if it is full.
        CheckpointError: if the disk fails otherwise.
    """
    save = _Save(root, -1, {}, run_id, Policy(), fs)
    try:
        ensure_dir(fs, root)
        probe = root / _hidden(".tmp", "probe", run_id)
        fs.mkdir(probe, 0o700)
        fs.rmdir(probe)
    except OSError as error:
        raise fault(error, root, "checkpoints cannot be written here", CheckpointError) from error
    for name in sorted(fs.listdir(root)):
        try:
            _clear(save, name)
        except OSError as error:
            log.warning("%s: left over, could not be cleared", describe(error, root / name))


def _clear(save: _Save, name: str) -> None:
    path = save.root / name
    leftover, old = _LEFTOVER.fullmatch(name), OLD.fullmatch(name)
    if leftover and leftover[1] == save.run_id:
        remove_tree(save.fs, path)
        log.info("%s: unfinished, removed", path)
    elif old and old[2] == save.run_id:
        _put_back(save, path, save.root / f"step-{old[1]}")
    elif name.startswith((".bad-", ".aside-")):
        log.info("%s: kept; remove it when nobody needs it", path)
    elif name.startswith("."):
        log.warning("%s: not of this run, left alone", path)


def _put_back(save: _Save, old: Path, final: Path) -> None:
    if final.name in save.fs.listdir(save.root):
        found = problem(final, save.fs)
        if found is None:
            _remove(save, [old])
            return
        kept = save.root / _hidden(".bad", final.name)
        save.fs.rename(final, kept)
        log.warning("%s; kept as %s", found, kept.name)
    save.fs.rename(old, final)
    save.fs.fsync_dir(save.root)


def rewind(root: Path, step: int, *, fs: FileSystem = LOCAL) -> None:
    """Set aside the checkpoints above `step`, so that a run resumed there does not later take one of what it gave up.

    They are kept as ``.aside-step-...``. Call it when an earlier checkpoint than the newest was asked for.

    Raises:
        EnvironmentFault: if `root` cannot be written.
        CheckpointError: if the disk fails otherwise.
    """
    try:
        for name in sorted(fs.listdir(root)):
            if step_of(name) > step:
                kept = root / _hidden(".aside", f"step-{step_of(name):08d}")
                fs.rename(root / name, kept)
                log.warning("%s: later than step %d, set aside as %s", root / name, step, kept.name)
        fs.fsync_dir(root)
    except OSError as error:
        raise fault(
            error, root, f"later checkpoints than step {step} could not be set aside", CheckpointError
        ) from error
