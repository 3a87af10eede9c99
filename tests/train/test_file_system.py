from __future__ import annotations

import errno
import hashlib
import os
import stat

import numpy as np
import pytest

from mxtrain.base.errors import CheckpointError, EnvironmentFault, OutOfSpace
from mxtrain.train.file_system import (
    LOCAL,
    Sum,
    ensure_dir,
    fault,
    remove_tree,
    replace_file,
    size_of,
    write_file,
)


def test_write_file_sums_what_it_writes(tmp_path):
    def content(file):
        file.write(b"ab")
        file.write(np.arange(3, dtype=np.int32))
        file.write(np.zeros((0, 3)))
        file.write(b"")

    total = write_file(LOCAL, tmp_path / "a", content)
    data = (tmp_path / "a").read_bytes()
    assert data == b"ab" + np.arange(3, dtype=np.int32).tobytes()
    assert total == Sum(14, hashlib.sha256(data).hexdigest()) and size_of(content) == 14
    with pytest.raises(FileExistsError):
        write_file(LOCAL, tmp_path / "a", b"")


def test_write_file_is_synced_and_names_the_file(tmp_path, fault_fs):
    faults = fault_fs()
    write_file(faults.fs(), tmp_path / "a", b"x")
    assert [c[0] for c in faults.log] == ["create", "write", "fsync_file"]
    with pytest.raises(OSError, match="/b'"):
        write_file(LOCAL.__class__(**{**vars(LOCAL), "fsync_file": refuse}), tmp_path / "b", b"x")


def refuse(_):
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("k", range(6))
def test_replace_file_is_old_or_new(tmp_path, fault_fs, killed, k):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(killed):
        replace_file(fault_fs(k, "torn").fs(), tmp_path / "a", b"newer")
    assert (tmp_path / "a").read_bytes() == (b"newer" if k == 5 else b"old")
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError, match="No space"):
        replace_file(fault_fs(k, errno.ENOSPC).fs(), tmp_path / "a", b"newer")
    assert (tmp_path / "a").read_bytes() == (b"newer" if k == 5 else b"old")
    assert os.listdir(tmp_path) == ["a"]


def test_ensure_dir_syncs_each_new_directory_and_its_parent(tmp_path, fault_fs):
    faults = fault_fs()
    ensure_dir(faults.fs(), tmp_path / "a" / "b")
    a, b = tmp_path / "a", tmp_path / "a" / "b"
    assert faults.log == [("mkdir", a), ("fsync_dir", a), ("fsync_dir", tmp_path)] + [
        ("mkdir", b),
        ("fsync_dir", b),
        ("fsync_dir", a),
    ]
    ensure_dir(LOCAL, b)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "c"):
        with pytest.raises(NotADirectoryError):
            ensure_dir(LOCAL, path)


def test_remove_tree_removes_the_link_and_not_what_it_names(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (tmp_path / "link").symlink_to("kept")
    remove_tree(LOCAL, tmp_path / "link")
    assert sorted(os.listdir(tmp_path)) == ["kept"] and (tmp_path / "kept" / "file").exists()
    (tmp_path / "kept" / "inner").mkdir()
    with pytest.raises(OSError, match="inner"):
        remove_tree(LOCAL, tmp_path / "kept")
    assert (tmp_path / "kept" / "inner").exists()


def test_fsync_of_a_directory_where_the_file_system_has_none(tmp_path, monkeypatch):
    def fsync(number):
        raise OSError(monkeypatch.number, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.number = errno.EINVAL
    LOCAL.fsync_dir(tmp_path)
    monkeypatch.number = errno.EIO
    with pytest.raises(OSError, match=str(tmp_path)):
        LOCAL.fsync_dir(tmp_path)


def test_new_directories_have_the_mode_asked_for(tmp_path):
    LOCAL.mkdir(tmp_path / "a", 0o700)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert LOCAL.free(tmp_path) > 0


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, OutOfSpace),
        (errno.EDQUOT, OutOfSpace),
        (errno.EROFS, EnvironmentFault),
        (errno.EACCES, EnvironmentFault),
        (errno.EIO, CheckpointError),
    ],
    ids=lambda v: errno.errorcode.get(v, None) if isinstance(v, int) else v.__name__,
)
def test_fault_says_where_and_what(tmp_path, number, kind):
    found = fault(OSError(number, os.strerror(number)), tmp_path, "it cannot be made", CheckpointError)
    assert type(found) is kind
    assert str(found).startswith(f"{tmp_path}: {os.strerror(number)}: it cannot be made")
