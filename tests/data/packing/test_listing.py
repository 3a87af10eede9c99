from __future__ import annotations

import os

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.packing.listing import is_lst, of_folder, of_list, of_paths, path_lines


def reasons(listing):
    return {r.path: r.reason for r in listing.rejected}


def test_a_folder(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "ant/notes.txt").write_bytes(b"x")
    (folder / "bee/gone.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "cat/tab\there.png").write_bytes(b"x")
    with open(os.fsencode(folder) + b"/cat/\xff.png", "wb") as file:
        file.write(b"x")
    found = of_folder(folder, ("jpeg", "png"))
    assert found.classes == ("ant", "bee", "cat") and len(found) == 15
    assert found.ids.tolist() == list(range(15)) and list(found.paths[:2]) == ["ant/0.jpg", "ant/1.png"]
    assert [found.labels[at] for at in (0, 14)] == [(0.0,), (2.0,)]
    assert found.name == "pictures" and found.file(0) == folder / "ant/0.jpg"
    assert {s.path for s in found.skipped} == {".DS_Store", "ant/notes.txt"}
    assert set(reasons(found)) == {"bee/gone.jpg", "cat/tab\there.png", "cat/\\udcff.png"}
    assert "rename it" in reasons(found)["cat/tab\there.png"]


def test_a_list(tmp_path):
    path = tmp_path / "a.lst"
    path.write_text("7\t1\ta.jpg\n3 \t 0.5\t2\tb c.jpg\n\nx\t1\tc.jpg\n7\t0\td.jpg\n8\t0\t../e.jpg\n9\t1\t/f.jpg\n")
    found = of_list(path, tmp_path)
    assert found.ids.tolist() == [7, 3] and found.paths == ["a.jpg", "b c.jpg"]
    assert found.labels == [(1.0,), (0.5, 2.0)] and found.classes is None
    assert list(reasons(found)) == ["a.lst:4", "d.jpg", "a.lst:6", "a.lst:7"]
    assert "index 7: this index is above already" in reasons(found)["d.jpg"]
    named = of_list(path, tmp_path, ("only",), "stdin")
    assert "label 1 has no name; there are 1 classes" in reasons(named)["a.jpg"]
    assert "stdin:4" in reasons(named)


def test_a_list_of_nothing(tmp_path):
    path = tmp_path / "a.lst"
    path.write_text("x\n")
    with pytest.raises(DataError, match="no image in this list.*a.lst:1: expected INDEX"):
        of_list(path, tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        of_list(tmp_path / "no.lst", tmp_path)


def test_paths(tmp_path):
    found = of_paths(iter(["d/b/1.jpg", "a/1.jpg", "d/b/2.jpg", "a/1.jpg"]), tmp_path, "stdin")
    assert found.classes == ("a", "b") and found.paths == ["d/b/1.jpg", "a/1.jpg", "d/b/2.jpg"]
    assert found.labels == [(1.0,), (0.0,), (1.0,)]
    assert of_paths(iter(["a/1.jpg"]), tmp_path, "x", ("b", "a")).labels == [(1.0,)]
    for paths, text in (([], "no paths"), (["1.jpg"], "expected CLASS/FILE"), (["c/1.jpg"], "one of a, b")):
        with pytest.raises(DataError, match=text):
            of_paths(iter(paths), tmp_path, "stdin", ("a", "b"))


def test_the_digest_knows_what_decides_the_bytes(folder):
    order = np.arange(15)
    first = of_folder(folder, ("jpeg", "png"))
    assert first.digest(order) == of_folder(folder, ("jpeg", "png")).digest(order)
    assert first.digest(order[::-1]) != first.digest(order)
    (folder / "ant/0.jpg").write_bytes(b"longer than it was" * 1000)
    assert of_folder(folder, ("jpeg", "png")).digest(order) != first.digest(np.arange(14))
    assert first.size(0) == 18_000
    (folder / "ant/0.jpg").unlink()
    assert first.size(0) == -1


def test_which_kind_of_list(tmp_path):
    path = tmp_path / "x.txt"
    for text, answer in (("\n\n1\t2\ta.jpg\n", True), ("a/b.jpg\n1\t2\tx\n", False), ("", False)):
        path.write_text(text)
        assert is_lst(path) is answer
    path = tmp_path / "x.lst"
    path.write_text("")
    assert is_lst(path)
    with pytest.raises(DataError):
        is_lst(tmp_path / "no")


def test_lines(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a b.jpg\r\n\n\xff.jpg\nlast")
    assert list(path_lines(path)) == ["a b.jpg", "\udcff.jpg", "last"]
    path.write_bytes(b"a\nb\0c\0")
    assert list(path_lines(path, b"\0")) == ["a\nb", "c"]
