from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data import files


def test_reads_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.read_file(tmp_path / "a", 3) == b"abc"


def test_refuses_what_is_too_long(tmp_path):
    (tmp_path / "a").write_bytes(b"abcd")
    with pytest.raises(DataError, match="4 bytes; at most 3"):
        files.read_file(tmp_path / "a", 3)


def test_refuses_pipes_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a regular file"):
        files.read_file(tmp_path / "pipe", 10)


def test_missing(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        files.read_file(tmp_path / "a", 10)


def test_unreadable_is_not_tried_again(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"abc")
    calls = []

    def refuse(self):
        calls.append(self)
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        files.read_file(tmp_path / "a", 10)
    assert len(calls) == 1


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_failing_disk_is_tried_three_times(tmp_path, monkeypatch, failures):
    (tmp_path / "a").write_bytes(b"abc")
    left = [failures]
    whole = Path.read_bytes

    def flaky(self):
        if left[0]:
            left[0] -= 1
            raise OSError(errno.EIO, "Input/output error")
        return whole(self)

    monkeypatch.setattr(Path, "read_bytes", flaky)
    if failures < 3:
        assert files.read_file(tmp_path / "a", 10) == b"abc"
    else:
        with pytest.raises(DataError, match="Input/output error"):
            files.read_file(tmp_path / "a", 10)


def test_fingerprint_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert files.fingerprint(tmp_path / "a") == {"name": "a", "size": 3, "sha256": digest, "sampled": False}


def test_a_large_file_is_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "HASH_WHOLE", 1 << 19)
    content = bytearray(1 << 20)
    (tmp_path / "a").write_bytes(content)
    before = files.fingerprint(tmp_path / "a")
    content[-1] = 1
    (tmp_path / "a").write_bytes(content)
    assert before["sampled"]
    assert files.fingerprint(tmp_path / "a") != before


@pytest.mark.parametrize("change", ["rename", "resize", "edit"])
def test_a_changed_tree_has_another_fingerprint(tmp_path, change):
    for name in ("x", "y"):
        (tmp_path / name).write_bytes(name.encode() * 10)
    before = files.fingerprint_tree(tmp_path, ["x", "y"])
    assert before == files.fingerprint_tree(tmp_path, ["x", "y"])
    names = ["x", "y"]
    if change == "rename":
        (tmp_path / "y").rename(tmp_path / "z")
        names[1] = "z"
    else:
        (tmp_path / "y").write_bytes(b"y" * 11 if change == "resize" else b"q" * 10)
    assert files.fingerprint_tree(tmp_path, names) != before


def test_a_file_that_vanished(tmp_path):
    with pytest.raises(DataError, match="gone"):
        files.fingerprint_tree(tmp_path, ["gone"])
    with pytest.raises(DataError, match="gone"):
        files.fingerprint(tmp_path / "gone")
