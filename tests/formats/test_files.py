from __future__ import annotations

import mmap
import os

import pytest

from mxtrain.base.errors import DataError, EnvironmentFault
from mxtrain.formats.files import read_source, write_file


def test_a_file_and_a_buffer_give_the_same_bytes(tmp_path):
    path = tmp_path / "a.bin"
    write_file(path, [b"ab", memoryview(b"cd")])
    data, name = read_source(path)
    assert (bytes(data), name) == (b"abcd", str(path))
    assert read_source(b"abcd", "x") == (memoryview(b"abcd"), "x")


def test_a_memory_map_is_not_copied(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abcd")
    with path.open("rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        data, _ = read_source(m)
        assert data.obj is m
        assert data.readonly
        data.release()


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: os.mkfifo(p)])
def test_only_regular_files_are_read(tmp_path, make):
    path = tmp_path / "x"
    make(path)
    with pytest.raises(DataError, match=r"x: "):
        read_source(path)


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(EnvironmentFault, match="no/such.params: cannot be written: No such file"):
        write_file(tmp_path / "no" / "such.params", [b""])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_has_its_own_error():
    from mxtrain.base.errors import OutOfSpace

    with pytest.raises(OutOfSpace, match="/dev/full"):
        write_file("/dev/full", [b"x" * 10])
