"""Lists: as real files have them, and what is wrong with others."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio.errors import LineError, RefusedError
from recordio.lst import LONGEST, Entry, read_lst, write_lst


@pytest.fixture
def listed(tmp_path):
    """``listed(text)``: a list with this content."""

    def made(content):
        path = tmp_path / "a.lst"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return made


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("0\t1.000000\ta.jpg\n", Entry(0, (1.0,), "a.jpg")),
        ("0 \t 0 \t 0-0.jpeg\n", Entry(0, (0.0,), "0-0.jpeg")),
        ("7\t1\t2.5\t-1e-3\tdir/b c.jpg\r\n", Entry(7, (1.0, 2.5, -1e-3), "dir/b c.jpg")),
        ("7 1 2 c.jpg", Entry(7, (1.0, 2.0), "c.jpg")),
        ("7\t1\t12\n", Entry(7, (1.0,), "12")),
        ("\ufeff7\t1\tü.jpg\n", Entry(7, (1.0,), "ü.jpg")),
        ("7\t1\ta\x0bb\u2028c.jpg\n", Entry(7, (1.0,), "a\x0bb\u2028c.jpg")),
        (b"7\t1\t\xff.jpg\n", Entry(7, (1.0,), "\udcff.jpg")),
    ],
)
def test_lines(listed, line, entry):
    assert list(read_lst(listed(line))) == [entry]


def test_empty_lines_do_not_count(listed):
    assert [e.index for e in read_lst(listed("\n1\t0\ta\n\n \t \n2\t0\tb\n\n"))] == [1, 2]
    assert list(read_lst(listed(""))) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("5\ta.jpg", "expected INDEX, LABEL and PATH separated by tabs, got 2 of them in '5\\\\ta.jpg'"),
        ("a.jpg", "got 1 of them"),
        ("x\t0\ta.jpg", "index: expected a whole number, got 'x'"),
        ("-1\t0\ta.jpg", "index: expected a whole number, got '-1'"),
        ("1.0\t0\ta.jpg", "index"),
        ("1_0\t0\ta.jpg", "index"),
        ("٣\t0\ta.jpg", "index"),
        ("9" * 5000 + "\t0\ta.jpg", "index"),
        ("1\tcat\ta.jpg", "label: expected a number, got 'cat'"),
        ("1\tnan\ta.jpg", "label: expected a number, got 'nan'"),
        ("1\t1e999\ta.jpg", "label"),
        ("1\t1_0\ta.jpg", "label"),
        ("1\t\ta.jpg", "label: expected a number, got ''"),
        ("1 0 my photo.jpg", "label: expected a number, got 'my'"),
        ("1\t0\ta\0b.jpg", "path: expected the name of a file"),
        ("1\t0\t" + "a" * LONGEST, "longer than 1048576 bytes"),
    ],
)
def test_wrong_lines_are_named(listed, line, says):
    path = listed(f"0\t0\tgood.jpg\n{line}\n2\t0\tgood.jpg\n")
    entries = read_lst(path)
    assert next(entries).index == 0
    with pytest.raises(LineError, match=says) as caught:
        next(entries)
    assert str(caught.value).startswith(f"{path}:2: ")
    rejected = []
    assert [e.index for e in read_lst(path, reject=rejected.append)] == [0, 2]
    assert [str(e) for e in rejected] == [str(caught.value)]


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.jpg", "a/../../b.jpg", "a/.."])
def test_paths_can_be_kept_inside(listed, path):
    name = listed(f"0\t0\t{path}\n")
    assert [e.path for e in read_lst(name)] == [path]
    with pytest.raises(LineError, match="path: expected one below the folder of the list"):
        list(read_lst(name, inside=True))


@pytest.mark.parametrize("path", ["a.jpg", "./a.jpg", "a/b..c/d.jpg", "..a"])
def test_paths_that_stay_inside_pass(listed, path):
    assert [e.path for e in read_lst(listed(f"0\t0\t{path}\n"), inside=True)] == [path]


def test_written_as_im2rec_does(tmp_path):
    write_lst(tmp_path / "a.lst", [Entry(0, (0.0,), "a/b.jpg"), Entry(12, (3.0, 0.5), "c d.jpg")])
    assert (tmp_path / "a.lst").read_bytes() == b"0\t0.000000\ta/b.jpg\n12\t3.000000\t0.500000\tc d.jpg\n"


def test_round_trip(tmp_path):
    labels = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=6).map(tuple)
    characters = st.characters(codec="utf-8", exclude_characters="\t\r\n\0")
    paths = st.text(characters, min_size=1, max_size=12).filter(lambda p: p.strip(" ") == p)

    @given(st.lists(st.builds(Entry, st.integers(0, 10**19 - 1), labels, paths), max_size=5))
    def check(entries):
        write_lst(tmp_path / "a.lst", entries)
        found = list(read_lst(tmp_path / "a.lst"))
        assert [(e.index, e.path) for e in found] == [(e.index, e.path) for e in entries]
        for entry, back in zip(entries, found, strict=True):
            assert struct.pack(f"<{len(back.labels)}f", *back.labels) == struct.pack(
                f"<{len(entry.labels)}f", *entry.labels
            )

    check()


@pytest.mark.parametrize(
    "entry",
    [
        Entry(-1, (0.0,), "a"),
        Entry(10**19, (0.0,), "a"),
        Entry(0, (), "a"),
        Entry(0, (float("nan"),), "a"),
        Entry(0, (0.0,), ""),
        Entry(0, (0.0,), " a"),
        Entry(0, (0.0,), "a\tb"),
        Entry(0, (0.0,), "a\n"),
    ],
)
def test_what_would_not_come_back_is_refused(tmp_path, entry):
    write_lst(tmp_path / "a.lst", [Entry(5, (1.0,), "old")])
    with pytest.raises(RefusedError):
        write_lst(tmp_path / "a.lst", [Entry(0, (0.0,), "a"), entry])
    assert [e.path for e in read_lst(tmp_path / "a.lst")] == ["old"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.lst"]


def test_mutated_lists_give_entries_or_the_error(listed, mutate):
    chance = random.Random(5)
    good = b"".join(b"%d\t%f\t%f\timages/%d.jpg\n" % (i, i, i / 7, i) for i in range(12))
    for _ in range(1500):
        path = listed(mutate(good, chance))
        try:
            list(read_lst(path, inside=True))
        except LineError as error:
            assert str(path) in str(error)
        rejected = []
        assert len(list(read_lst(path, reject=rejected.append))) + len(rejected) <= path.read_bytes().count(b"\n") + 1


@pytest.mark.data
@pytest.mark.parametrize(("name", "count"), [("train", 10000), ("val", 1000)])
def test_real_lists_with_spaces_around_tabs(data_pack, name, count):
    entries = list(read_lst(data_pack / f"mxnet/recs/cgzzt/{name}.lst", inside=True))
    assert len(entries) == count
    assert {len(e.labels) for e in entries} == {1} and {e.labels[0] for e in entries} == set(map(float, range(10)))


@pytest.mark.data
@pytest.mark.parametrize(("name", "first"), [("train", 8), ("test", 0)])
def test_real_lists_of_many_labels(data_pack, name, first):
    entries = list(read_lst(data_pack / f"mxnet/recs/cnocr/sample-data_{name}.lst"))
    assert [e.index for e in entries] == list(range(first, first + len(entries)))
    assert {len(e.labels) for e in entries} == {20}
