"""The cache on the disk: kept, verified, bounded, shared by processes, and never in the way."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import textwrap
import time

import pytest

from mxtrain.data.remote import cache as module
from mxtrain.data.remote.cache import DiskCache
from mxtrain.data.remote.store import Identity

OF = Identity(1000, "tag")
URL = "s3://b/k"


@pytest.fixture
def cache(tmp_path):
    return DiskCache(tmp_path / "cache", 10**6)


def held(cache):
    return [p for p in (cache.folder / "blocks").rglob("*") if p.is_file()]


def test_what_is_kept_comes_back(cache):
    cache.put(URL, OF, 100, 3, b"x" * 100)
    assert cache.get(URL, OF, 100, 3, 100) == b"x" * 100
    for other in (("s3://b/l", OF, 100, 3, 100), (URL, Identity(1000, "new"), 100, 3, 100),
                  (URL, Identity(999, "tag"), 100, 3, 100), (URL, OF, 50, 3, 100), (URL, OF, 100, 4, 100)):  # fmt: skip
        assert cache.get(*other) is None
    assert DiskCache(cache.folder, 10**6).get(URL, OF, 100, 3, 100) == b"x" * 100
    assert cache.folder.stat().st_mode & 0o077 == 0


def test_parts(cache):
    cache.put(URL, OF, 100, 3, bytes(range(100)))
    assert cache.part(URL, OF, 100, 3, range(5, 9)) == b"\5\6\7\x08"
    assert cache.part(URL, OF, 100, 4, range(5, 9)) is None
    [path] = held(cache)
    os.utime(path, (1, 1))
    assert cache.part(URL, OF, 100, 3, range(1)) and path.stat().st_mtime > 1
    path.write_bytes(b"short")
    assert cache.part(URL, OF, 100, 3, range(3, 9)) is None


def test_an_object_without_a_tag_is_not_kept(cache):
    cache.put(URL, Identity(1000, ""), 100, 0, b"x" * 100)
    assert cache.get(URL, Identity(1000, ""), 100, 0, 100) is None and not cache.folder.exists()


def test_damage_is_seen_and_removed(cache, caplog):
    cache.put(URL, OF, 100, 0, bytes(range(100)))
    [path] = held(cache)
    good = path.read_bytes()
    flipped = [good[:i] + bytes([good[i] ^ 1 << i % 8]) + good[i + 1 :] for i in range(len(good))]
    for bad in (*flipped, *(good[:n] for n in range(len(good))), good + b"x", b"", bytes(len(good))):
        path.write_bytes(bad)
        assert cache.get(URL, OF, 100, 0, 100) is None
        assert not path.exists()
    assert "damaged block" in caplog.text
    path.write_bytes(good)
    assert cache.get(URL, OF, 100, 0, 99) is None, "of another length than is expected"


def test_what_was_not_used_for_longest_goes(tmp_path):
    cache = DiskCache(tmp_path / "cache", 10_000)
    now = time.time()
    for number in range(50):
        cache.put(URL, OF, 1000, number, bytes(500))
        for path in held(cache):
            if path.name == f"1000-{number}":
                os.utime(path, (now - 10_000 + number, now - 10_000 + number))
        # Each use makes it young again.
        assert cache.get(URL, OF, 1000, 0, 500)
    sizes = sum(p.stat().st_size for p in held(cache))
    assert sizes <= 10_000 * 33 // 32 + 600
    assert cache.get(URL, OF, 1000, 49, 500) and cache.get(URL, OF, 1000, 20, 500) is None


def test_abandoned_files_go(cache):
    cache.put(URL, OF, 100, 0, b"x")
    [path] = held(cache)
    young, old = path.with_name("young.tmp"), path.with_name("old.tmp")
    for temporary in (young, old):
        temporary.write_bytes(b"x")
    os.utime(old, (1, 1))
    cache.trim()
    assert young.exists() and not old.exists() and path.exists()


def test_the_disk_is_left_to_others(cache, monkeypatch):
    for number in range(10):
        cache.put(URL, OF, 100, number, bytes(100))
    monkeypatch.setattr(module, "_RESERVE", 1 << 62)
    cache.trim()
    assert not held(cache) and not list((cache.folder / "blocks").iterdir())
    cache.put(URL, OF, 100, 0, b"x")
    assert cache.get(URL, OF, 100, 0, 1) == b"x"


def test_one_trims_at_a_time(cache):
    cache.put(URL, OF, 100, 0, bytes(100))
    cache.limit = 1
    with (cache.folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cache.trim()
        assert held(cache)
    cache.trim()
    assert not held(cache)


def test_a_disk_that_does_not_take_it_is_done_without(tmp_path, caplog):
    (tmp_path / "file").write_bytes(b"")
    cache = DiskCache(tmp_path / "file", 10**6)
    for number in range(3):
        cache.put(URL, OF, 100, number, b"x")
        assert cache.get(URL, OF, 100, number, 1) is None
    assert caplog.text.count("cannot be kept") == 1
    assert cache.index_path(URL, OF) is None


def test_a_full_disk_leaves_nothing_half(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "replace", full)
    cache.put(URL, OF, 100, 0, b"x")
    assert not held(cache)


def test_index_paths(cache):
    path = cache.index_path(URL, OF)
    assert path.parent.is_dir() and path == cache.index_path(URL, OF) != cache.index_path(URL, Identity(1, "x"))


def test_processes_share_it(tmp_path):
    program = textwrap.dedent(
        """
        import random, sys
        from pathlib import Path
        from mxtrain.data.remote.cache import DiskCache
        from mxtrain.data.remote.store import Identity
        chance = random.Random(sys.argv[2])
        cache = DiskCache(Path(sys.argv[1]), 30_000)
        hits = 0
        for _ in range(1500):
            number = chance.randrange(60)
            data = cache.get("u", Identity(1, "t"), 1, number, 1000)
            if data is None:
                cache.put("u", Identity(1, "t"), 1, number, bytes([number]) * 1000)
            elif data != bytes([number]) * 1000:
                sys.exit("another block came back")
            else:
                hits += 1
        sys.exit(0 if hits else "nothing was kept")
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    running = [subprocess.Popen([*command, str(seed)], stderr=subprocess.PIPE) for seed in range(3)]
    for process in running:
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0, said.decode()
    cache = DiskCache(tmp_path / "cache", 30_000)
    cache.trim()
    assert sum(p.stat().st_size for p in held(cache)) <= 30_000
    assert not list(cache.folder.rglob("*.tmp"))
