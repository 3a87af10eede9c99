"""Every call of a save fails or is the last; legal states of the disk after a power cut; real kills."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from mxtrain.base.errors import CheckpointError, EnvironmentFault, OutOfSpace
from mxtrain.train.checkpoint_io import Policy, latest, prepare, write

RUN = "0123456789abcdef"
ROOT = "checkpoints"
KEEP = Policy(keep_last=2, keep_best=1, monitor="accuracy", value=0.5)

ONCE = ["kill", "torn", "short", errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS]
LASTING = [errno.EIO, errno.ENOSPC, errno.EROFS]
CLASSES = {
    errno.EIO: CheckpointError,
    errno.ENOSPC: OutOfSpace,
    errno.EDQUOT: OutOfSpace,
    errno.EROFS: EnvironmentFault,
}


def contents(step, version=0):
    block = bytes([step, version]) * 700

    def params(file):
        file.write(block)
        file.write(block[:100])

    return {"net-0001.params": params, "state.json": b'{"step": %d, "version": %d}' % (step, version)}


def expected(step, version):
    block = bytes([step, version]) * 700
    return {"net-0001.params": block + block[:100], "state.json": b'{"step": %d, "version": %d}' % (step, version)}


def version_of(checkpoint):
    """The version that was saved; fails if the content is of no version."""
    found = {name: checkpoint.read(name) for name in checkpoint.names}
    return next(v for v in (0, 1) if found == expected(checkpoint.step, v))


def damage(root, step):
    (root / f"step-{step:08d}" / "state.json").write_bytes(b'{"step": 9}')


def nothing(root):
    root.parent.mkdir()


def three(root, keep=KEEP):
    nothing(root)
    for step in (1, 2, 3):
        write(root, step, contents(step), run_id=RUN, prune=keep)


def three_last_bad(root):
    three(root)
    damage(root, 3)


SCENARIOS = {  # name: (what was there, step to save, policy)
    "first": (nothing, 1, KEEP),
    "pruning": (three, 4, Policy(keep_last=1, keep_best=1, monitor="accuracy", value=0.7)),
    "over_bad": (three_last_bad, 3, KEEP),
    "over_good": (three, 3, KEEP),
    "full_prune": (three, 4, Policy(keep_last=2, on_full="prune")),
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    """A folder in memory where there is one: thousands of small states, none of which must reach a disk."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path_factory.mktemp("memory")
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


@pytest.fixture
def scratch(memory):
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def stages(memory):
    made = {}
    for name, (setup, _, _) in SCENARIOS.items():
        (memory / name).mkdir()
        made[name] = memory / name / "run" / ROOT
        setup(made[name])
    return made


def check_whole(root, before, step):
    """A good checkpoint is there whenever one was, and it is none that was torn."""
    found = latest(root)
    if before is not None:
        assert found is not None and found.step >= before.step
    if found is not None:
        assert version_of(found) == 1 if found.step == step and step != 3 else version_of(found) in (0, 1)
    return found


@pytest.mark.parametrize("fault", ONCE, ids=lambda f: errno.errorcode.get(f, f))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_call_of_a_save_fails_once(scenario, fault, stages, scratch, fault_fs, killed):
    enumerate_calls(scenario, stages[scenario], scratch, killed, lambda k: fault_fs(k, fault))


@pytest.mark.parametrize("fault", LASTING, ids=lambda f: errno.errorcode[f])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_from_every_call_of_a_save_on_all_fail(scenario, fault, stages, scratch, fault_fs, killed):
    enumerate_calls(scenario, stages[scenario], scratch, killed, lambda k: fault_fs(k, fault, lasting=True))


def enumerate_calls(scenario, stage, scratch, killed, make):
    _, step, policy = SCENARIOS[scenario]
    before = latest(stage)
    dry = make(None)
    shutil.copytree(stage.parent, scratch / "dry", symlinks=True)
    write(scratch / "dry" / ROOT, step, contents(step, 1), run_id=RUN, prune=policy, fs=dry.fs())
    points = [k for k, kind in enumerate(dry.kinds) if dry.meets(kind)]
    assert len(points) >= 4
    for k in points:
        run = scratch / "run"
        # Links are enough: nothing is ever written in place.
        shutil.copytree(stage.parent, run, symlinks=True, copy_function=os.link)
        root, faults, error = run / ROOT, make(k), None
        try:
            write(root, step, contents(step, 1), run_id=RUN, prune=policy, fs=faults.fs())
        except (CheckpointError, OutOfSpace, EnvironmentFault) as raised:
            error = raised
            assert type(raised) is CLASSES[faults.fault]
        except killed:
            assert faults.dead
        else:
            assert latest(root).step == step and version_of(latest(root)) == 1
        assert faults.fired
        check_whole(root, before, step)
        if error and not faults.lasting:
            assert not [n for n in names(root) if n.startswith((".tmp", ".trash", ".old"))]
            assert error.__cause__.errno == faults.fault
            shutil.rmtree(run)
            continue
        # The next start clears up and saves as if nothing had been.
        again = make(None).fs()
        prepare(root, run_id=RUN, fs=again)
        check_whole(root, before, step)
        write(root, step, contents(step, 1), run_id=RUN, prune=policy, fs=again)
        assert latest(root).step == step and version_of(latest(root)) == 1
        assert not [n for n in names(root) if n.startswith((".tmp", ".trash", ".old"))]
        shutil.rmtree(run)


def names(root):
    return sorted(os.listdir(root)) if root.exists() else []


# Power loss: what the disk may hold if the cut comes after any prefix of the calls. Directories are dicts of inodes.


class Inode:
    def __init__(self, kind, target=None):
        self.kind, self.target = kind, target
        self.writes, self.synced = [], 0


def resolve(log, base):
    """The calls in terms of inodes: (kind, inode, ...), so that losing one does not change what the others mean."""
    top = Inode("dir")
    live = {base: top}
    resolved = []
    for kind, path, *rest in log:
        if kind == "committed":
            resolved.append((kind, path, *rest))
            continue
        parent = live.get(path.parent)
        if kind in ("mkdir", "create", "symlink"):
            live[path] = Inode({"mkdir": "dir", "create": "file", "symlink": "link"}[kind], *rest)
            resolved.append(("link", parent, path.name, live[path]))
        elif kind == "write":
            resolved.append(("write", live[path], rest[0]))
        elif kind in ("fsync_file", "fsync_dir"):
            resolved.append((kind, live[path]))
        elif kind == "rename":
            moved = {p: i for p, i in live.items() if p == path or path in p.parents}
            live = {p: i for p, i in live.items() if p not in moved}
            live |= {rest[0] / p.relative_to(path): i for p, i in moved.items()}
            resolved.append(("rename", parent, path.name, rest[0].name, live[rest[0]]))
        else:
            resolved.append(("remove", parent, path.name, live.pop(path)))
    return top, resolved


def crash(top, resolved, length, lose, cut):
    """One legal state after `length` calls: (entries of each directory, content of each file).

    Args:
        lose: called for each directory operation that no fsync of its directory followed: is it lost?
        cut: (bytes surely there, bytes written) -> bytes that are there.
    """
    prefix = resolved[:length]
    entries = {}
    synced_at = {}
    for position, (kind, inode, *_) in enumerate(prefix):
        if kind == "fsync_dir":
            synced_at[inode] = position
    files = {}
    for position, (kind, inode, *rest) in enumerate(prefix):
        if kind == "write":
            files.setdefault(inode, [b"", 0])[0] += rest[0]
        elif kind == "fsync_file":
            files.setdefault(inode, [b"", 0])[1] = len(files[inode][0])
        elif kind in ("link", "rename", "remove"):
            if position > synced_at.get(inode, -1) and lose():
                continue
            directory = entries.setdefault(inode, {})
            if kind == "link":
                directory[rest[0]] = rest[1]
            elif kind == "rename":
                if directory.get(rest[0]) is rest[2]:
                    del directory[rest[0]]
                directory[rest[1]] = rest[2]
            elif directory.get(rest[0]) is rest[1]:
                del directory[rest[0]]
    return entries, {inode: data[: cut(synced, len(data))] for inode, (data, synced) in files.items()}


def materialise(inode, path, entries, files):
    if inode.kind == "dir":
        path.mkdir()
        for name, child in entries.get(inode, {}).items():
            materialise(child, path / name, entries, files)
    elif inode.kind == "link":
        path.symlink_to(inode.target)
    else:
        path.write_bytes(files.get(inode, b""))


def record_run(base, fault_fs):
    """The calls of a run: first save, saves that prune, one over a good step, one over a bad step."""
    faults = fault_fs()

    class Note(logging.Handler):
        def emit(self, record):
            if "checkpoint committed" in record.getMessage():
                faults.log.append(("committed", *commit))

    logger, note = logging.getLogger("mxtrain.train.checkpoint_io"), Note()
    level = logger.level
    logger.addHandler(note)
    logger.setLevel(logging.INFO)
    try:
        for commit in [(1, 0), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]:
            if commit == (4, 1):
                damage(base / ROOT, 4)
            prune = Policy(keep_last=1, keep_best=1, monitor="loss", mode="min", value=float(commit[0]))
            write(base / ROOT, commit[0], contents(*commit), run_id=RUN, prune=prune, fs=faults.fs())
    finally:
        logger.removeHandler(note)
        logger.setLevel(level)
    return faults.log


def cut_at_sector(rng):
    def cut(synced, written):
        choices = [written, synced, *range(-(-synced // 512) * 512, written, 512)]
        return max(synced, int(rng.choice(choices)))

    return cut


def crashes(top, resolved, rng, folder):
    """Each state: (calls done, what was committed, what is found)."""
    committed = None
    for length in range(len(resolved) + 1):
        if length and resolved[length - 1][0] == "committed":
            committed = resolved[length - 1][1:]
        draws = [(lambda: True, lambda synced, written: synced), (lambda: False, lambda synced, written: written)]
        draws += [(lambda: rng.random() < 0.5, cut_at_sector(rng))] * 3
        for lose, cut in draws:
            place = folder / "state"
            materialise(top, place, *crash(top, resolved, length, lose, cut))
            found = latest(place / ROOT)
            yield length, committed, found and (found.step, version_of(found))
            shutil.rmtree(place)


def is_lost(committed, found):
    return committed is not None and (found is None or found < committed)


def test_no_power_cut_loses_what_was_committed(scratch, rng, fault_fs):
    base = scratch / "run"
    base.mkdir()
    top, resolved = resolve(record_run(base, fault_fs), base)
    # The damage to step 4 is done behind the log's back, so its first version counts as good here.
    states = list(crashes(top, resolved, rng, scratch))
    assert [state for state in states if is_lost(*state[1:])] == []
    assert len(states) > 600


MISSING = {
    "of files": lambda kind, path: kind == "fsync_file",
    "of the new directory": lambda kind, path: kind == "fsync_dir" and path.name.startswith(".tmp-step"),
    "of its parent": lambda kind, path: kind == "fsync_dir" and path.name == ROOT,
}


@pytest.mark.parametrize("missing", MISSING)
def test_the_power_model_finds_a_missing_fsync(missing, scratch, rng, fault_fs):
    base = scratch / "run"
    base.mkdir()
    log = [entry for entry in record_run(base, fault_fs) if not MISSING[missing](entry[0], entry[1])]
    assert any(is_lost(*state[1:]) for state in crashes(*resolve(log, base), rng, scratch))


CHILD = """
import os, sys
from pathlib import Path
from mxtrain.train.checkpoint_io import Policy, latest, prepare, write
root, run = Path(sys.argv[1]), sys.argv[2]
prepare(root, run_id=run)
found = latest(root)
step = found.step if found else 0
while True:
    step += 1
    block = step.to_bytes(8, "little") * 4096
    write(root, step, {"a.params": block, "b.state": block[:99]}, run_id=run, prune=Policy(keep_last=2))
    os.write(1, b"%d\\n" % step)
"""


def test_killed_at_any_moment(tmp_path, rng):
    root, reached = tmp_path / ROOT, 0
    for _ in range(20):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(root), RUN], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        first = child.stdout.readline()
        time.sleep(rng.uniform(0, 0.04))
        child.send_signal(signal.SIGKILL)
        lines = first + child.stdout.read()
        child.stdout.close()
        assert child.wait() == -signal.SIGKILL
        said = int(lines.split(b"\n")[-2])
        found = latest(root)
        assert said > reached and found.step >= said
        block = found.step.to_bytes(8, "little") * 4096
        assert found.read("a.params") == block and found.read("b.state") == block[:99]
        reached = found.step
    prepare(root, run_id=RUN)
    assert len([n for n in os.listdir(root) if n.startswith("step-")]) <= 3
    assert not [n for n in os.listdir(root) if n.startswith(".")]
