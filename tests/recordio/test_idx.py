"""`.idx` files: MXNet's, and lines that are none."""

from __future__ import annotations

import random

import pytest

from recordio import idx
from recordio.errors import LineError, RecordIOError
from recordio.idx import read_idx, write_idx


def read(tmp_path, content):
    path = tmp_path / "a.idx"
    path.write_bytes(content)
    keys, offsets = read_idx(path)
    return list(zip(keys, offsets, strict=True))


def test_mxnets(tmp_path):
    assert read(tmp_path, b"0\t0\n1\t40\n2\t84\n5\t108\n6\t128\n") == [(0, 0), (1, 40), (2, 84), (5, 108), (6, 128)]


@pytest.mark.parametrize("line", [b"7\t12\n", b"7 12\n", b" 7 \t 12\r\n", b"007\t12\n"])
def test_any_white_space_parts_the_numbers(tmp_path, line):
    assert read(tmp_path, b"1\t0\n" + line) == [(1, 0), (7, 12)]


def test_empty(tmp_path):
    assert read(tmp_path, b"") == []


@pytest.mark.parametrize("block", [1, 3, 7, 64])
def test_blocks_do_not_show(tmp_path, monkeypatch, block):
    monkeypatch.setattr(idx, "BLOCK", block)
    expected = [(i * 37 % 101, 4 * i) for i in range(101)]
    assert read(tmp_path, b"".join(b"%d\t%d\n" % e for e in expected)) == expected


@pytest.mark.parametrize(
    "line",
    [
        b"1\n",
        b"\n",
        b"1\t2\t3\n",
        b"a\t0\n",
        b"-1\t0\n",
        b"1\t1.0\n",
        b"1_0\t0\n",
        b"1\t18446744073709551616\n",
        b"1\t" + b"9" * 5000 + b"\n",
        b"1\0\t0\n",
        b"\xff\t0\n",
        b"1\n2\t3\t4\n",
        b"x" * 10**6,
    ],
)
def test_wrong_lines_are_named(tmp_path, line):
    with pytest.raises(LineError, match="expected KEY and OFFSET") as caught:
        read(tmp_path, b"0\t0\n" + line)
    assert caught.value.line == 2


def test_a_cut_line_is_an_error(tmp_path):
    with pytest.raises(LineError, match=":2: the line has no end: the file was cut"):
        read(tmp_path, b"0\t0\n1\t12")


def test_largest_numbers(tmp_path):
    entry = (2**64 - 1, 2**64 - 4)
    assert read(tmp_path, b"%d\t%d\n" % entry) == [entry]


def test_written(tmp_path):
    write_idx(tmp_path / "b.idx", [(3, 0), (1, 40)])
    assert (tmp_path / "b.idx").read_bytes() == b"3\t0\n1\t40\n"


def test_a_failing_source_leaves_the_old_file(tmp_path):
    write_idx(tmp_path / "b.idx", [(3, 0)])
    with pytest.raises(ZeroDivisionError):
        write_idx(tmp_path / "b.idx", ((1, 4 // i) for i in (1, 0)))
    assert (tmp_path / "b.idx").read_bytes() == b"3\t0\n"
    assert [p.name for p in tmp_path.iterdir()] == ["b.idx"]


def test_mutated_files_give_pairs_or_the_error(tmp_path, mutate):
    chance, good = random.Random(3), b"".join(b"%d\t%d\n" % (i, 40 * i) for i in range(12))
    refused = 0
    for _ in range(1500):
        try:
            read(tmp_path, mutate(good, chance))
        except RecordIOError:
            refused += 1
    assert 300 < refused < 1500


@pytest.mark.data
@pytest.mark.parametrize(("name", "first", "count"), [("train", 8, 3), ("test", 0, 8)])
def test_real_files(data_pack, name, first, count):
    keys, offsets = read_idx(data_pack / f"mxnet/recs/cnocr/sample-data_{name}.idx")
    assert list(keys) == list(range(first, first + count)) and offsets[0] == 0
