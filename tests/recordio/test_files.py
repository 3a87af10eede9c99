"""Mapped files, and writing that leaves no half file."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from recordio import files
from recordio.files import Mapped, Pending, cache_path, crc_path, idx_path, publish


def test_names():
    path = Path("d/a.b.rec")
    assert [p(path) for p in (idx_path, crc_path, cache_path)] == [
        Path("d/a.b.idx"),
        Path("d/a.b.rec.crc"),
        Path("d/a.b.rec.index"),
    ]


@pytest.mark.parametrize("content", [b"", b"x", bytes(10000)])
def test_a_mapped_file_is_its_bytes(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with Mapped(tmp_path / "a") as mapped:
        assert mapped.view == content and mapped.size == len(content) and mapped.view.readonly
        kept = mapped.view[:]
        for option in (mmap.MADV_WILLNEED, mmap.MADV_DONTNEED):
            for span in ((0, 10**9), (5, 4101), (4097, 4098), (9000, 100)):
                mapped.advise(option, *span)
        assert mapped.view == content
    assert kept == content


def test_removing_the_file_does_no_harm(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with Mapped(tmp_path / "a") as mapped:
        os.unlink(tmp_path / "a")
        assert mapped.view == b"abc"


def test_mapped_anew_it_is_the_same_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    mapped = Mapped(path)
    again = mapped.anew()
    assert again is not mapped and again.view == b"abc"
    os.rename(path, tmp_path / "b")
    assert again.anew() is again
    path.write_bytes(b"xyz")
    assert again.anew() is again and again.view == b"abc"


def test_only_regular_files_are_mapped(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="not a regular file"):
            Mapped(path)
    with pytest.raises(FileNotFoundError):
        Mapped(tmp_path / "none")


def test_no_descriptor_is_left(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with Mapped(tmp_path / "a"):
            pass
        with pytest.raises(OSError, match="regular"):
            Mapped(tmp_path)
    assert os.listdir("/proc/self/fd") == before


def test_published_files_appear_together(tmp_path):
    for name in ("a.rec", "a.idx", "old"):
        (tmp_path / name).write_bytes(b"old")
    new = [Pending(tmp_path / name) for name in ("a.rec", "a.idx")]
    for pending in new:
        pending.file.write(b"new")
    assert (tmp_path / "a.rec").read_bytes() == b"old"
    publish(new, stale=[tmp_path / "old", tmp_path / "never"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.idx", "a.rec"]
    assert {p.read_bytes() for p in tmp_path.iterdir()} == {b"new"}


def test_what_a_killed_writer_left_is_overwritten(tmp_path):
    (tmp_path / ".tmp-a").write_bytes(b"half")
    pending = Pending(tmp_path / "a")
    pending.file.write(b"whole")
    publish([pending])
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"whole")]


def test_a_mark_keeps_writers_apart(tmp_path):
    first, second = Pending(tmp_path / "a", "1-"), Pending(tmp_path / "a", "2-")
    first.file.write(b"one")
    second.file.write(b"two")
    publish([first])
    publish([second])
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"two")]


CALLS = ("fsync", "rename", "unlink")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_any_refused_call_leaves_whole_files_only(tmp_path, monkeypatch, call, turn):
    for name in ("a.rec", "a.idx"):
        (tmp_path / name).write_bytes(b"old")
    new = [Pending(tmp_path / name) for name in ("a.rec", "a.idx")]
    for pending in new:
        pending.file.write(b"new")
    real, calls = getattr(os, call), []

    def refuse(*args):
        calls.append(args)
        if len(calls) == turn:
            raise OSError(28, "No space left on device")
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, refuse)
        try:
            publish(new, stale=[tmp_path / "a.idx"])
        except OSError as error:
            assert error.errno == 28
        else:
            assert len(calls) < turn
    left = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert set(left) <= {"a.rec", "a.idx"} and left["a.rec"] in (b"old", b"new")
    # An index of the other file would be worse than none.
    assert left.get("a.idx") in (None, left["a.rec"])
