"""A file system that fails, or stops, at its k-th call, and remembers what was asked of it."""

from __future__ import annotations

import errno
import io
import os

import pytest

from mxtrain.train.file_system import LOCAL, FileSystem
from tests.train.runs import Bench, images

READS = ("listdir", "readlink", "open", "free")
NEED_SPACE = ("mkdir", "create", "write", "fsync_file", "fsync_dir", "symlink")


class Killed(BaseException):
    """The process is gone: nothing may catch this, and no later call may have an effect."""


class FaultFile(io.RawIOBase):
    def __init__(self, faults, path):
        self.faults, self.path, self.file = faults, path, open(path, "xb", buffering=0)

    def writable(self):
        return True

    def close(self):
        self.file.close()
        super().close()

    def write(self, data):
        data = bytes(data)
        return self.faults.call("write", (self.path, data), lambda part=None: self.file.write(data[:part]))


class FaultFS:
    """Runs on real files, but for fsync, which is only noted.

    Args:
        at: number of the call that fails; None: none does.
        fault: ``kill``, ``torn`` (a kill with half of a write done), ``short`` (a write that does half), or an errno.
        lasting: whether every later call that this errno can meet fails too.
    """

    def __init__(self, at=None, fault="kill", lasting=False):
        self.at, self.fault, self.lasting = at, fault, lasting
        self.kinds, self.dead, self.fired, self.log = [], False, False, []

    def fs(self):
        return FileSystem(
            mkdir=lambda path, mode: self.call("mkdir", (path,), lambda: LOCAL.mkdir(path, mode)),
            create=lambda path: self.call("create", (path,), lambda: FaultFile(self, path)),
            fsync_file=lambda file: self.call("fsync_file", (file.path,), lambda: None),
            fsync_dir=lambda path: self.call("fsync_dir", (path,), lambda: os.listdir(path) and None),
            rename=lambda a, b: self.call("rename", (a, b), lambda: LOCAL.rename(a, b)),
            unlink=lambda path: self.call("unlink", (path,), lambda: LOCAL.unlink(path)),
            rmdir=lambda path: self.call("rmdir", (path,), lambda: LOCAL.rmdir(path)),
            symlink=lambda to, path: self.call("symlink", (path, to), lambda: LOCAL.symlink(to, path)),
            readlink=lambda path: self.call("readlink", (path,), lambda: LOCAL.readlink(path)),
            listdir=lambda path: self.call("listdir", (path,), lambda: LOCAL.listdir(path)),
            open=lambda path: self.call("open", (path,), lambda: LOCAL.open(path)),
            free=lambda path: self.call("free", (path,), lambda: LOCAL.free(path)),
        )

    def call(self, kind, args, do):
        if self.dead:
            raise Killed
        self.kinds.append(kind)
        if len(self.kinds) - 1 == self.at or (self.lasting and self.fired and self.meets(kind)):
            self.fired = True
            if self.fault == "short":
                half = len(args[1]) // 2
                self.log.append((kind, args[0], args[1][:half]))
                return do(half)
            self.fail(kind, args, do)
        result = do()
        if kind not in READS:
            self.log.append((kind, *args))
        return result

    def meets(self, kind):
        """Whether such a call can meet the fault, or (a kill) whether it makes a state of its own."""
        if self.fault in ("torn", "short"):
            return kind == "write"
        if self.fault in ("kill", errno.EROFS):
            return kind not in READS
        return kind in NEED_SPACE if self.fault in (errno.ENOSPC, errno.EDQUOT) else True

    def fail(self, kind, args, do):
        if kind == "write" and self.fault != "kill":
            do(len(args[1]) // 2)
        if self.fault in ("kill", "torn"):
            self.dead = True
            raise Killed
        raise OSError(self.fault, os.strerror(self.fault), str(args[0]))


@pytest.fixture
def fault_fs():
    return FaultFS


@pytest.fixture
def killed():
    return Killed


@pytest.fixture
def bench(tmp_path):
    """A folder with a tiny data set: 37 samples to train on, 13 to evaluate on."""
    place = Bench(tmp_path)
    for name, count, seed in (("tiny", 37, 0), ("val", 13, 1)):
        pixels, labels = images(count, seed)
        place.save(name, data=pixels, softmax_label=labels)
    return place
