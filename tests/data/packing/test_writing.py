from __future__ import annotations

import errno
import multiprocessing
import os

import pytest

from mxtrain.base.errors import EnvironmentFault, OutOfSpace, RunBusy
from mxtrain.data.packing import places, writing


def test_what_the_system_refuses(tmp_path):
    for number, kind in ((errno.ENOSPC, OutOfSpace), (errno.EDQUOT, OutOfSpace), (errno.EACCES, EnvironmentFault)):
        with pytest.raises(kind, match=f"{tmp_path}: .*the same command goes on"), writing.told(tmp_path):
            raise OSError(number, os.strerror(number))
    with pytest.raises(EnvironmentFault, match="other: "), writing.told(tmp_path):
        raise OSError(errno.EIO, "broken", "other")


def test_one_at_a_time(tmp_path):
    out = tmp_path / "a"
    with writing.lock(out):
        with pytest.raises(RunBusy, match="another process packs to"), writing.lock(out):
            pass
        assert places.lock_path(out).exists()
    assert not list(tmp_path.iterdir())
    with writing.lock(out):
        pass


def _hold(out, ready):
    with writing.lock(out):
        ready.set()
        multiprocessing.Event().wait(60)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(tmp_path / "a", ready))
    process.start()
    assert ready.wait(60)
    with pytest.raises(RunBusy), writing.lock(tmp_path / "a"):
        pass
    process.kill()
    process.join()
    with writing.lock(tmp_path / "a"):
        pass


def test_a_lock_that_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    """Its holder removes the file between our opening it and our locking it."""
    path = places.lock_path(tmp_path / "a")
    flock, calls = writing.fcntl.flock, []

    def late(descriptor, how):
        calls.append(how)
        if len(calls) == 1:
            path.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(writing.fcntl, "flock", late)
    with writing.lock(tmp_path / "a"):
        assert path.exists() and len(calls) == 2


def test_remove(packed, tmp_path):
    out = packed(shards=2)
    (tmp_path / "pack.other").write_text("x")
    writing.remove(out)
    assert sorted(p.name for p in tmp_path.glob("pack*")) == ["pack.other"]
    writing.remove(out)
    places.manifest_path(out).write_text("damaged")
    writing.remove(out)
    assert not places.manifest_path(out).exists()
