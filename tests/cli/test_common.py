"""Tables, sizes, JSON lines, and names of files from everywhere."""

from __future__ import annotations

import io
import json
import os
import sys

import pytest

from mxtrain.base.errors import DataError, UsageError
from mxtrain.cli._common import emit, read_paths, read_size, rejected_text, size_text, table


def test_table():
    text = table(("name", "n"), [("a", "1"), ("\u65e5\u672c", "100")], (1,))
    assert text == "name    n\n----  ---\na       1\n\u65e5\u672c  100\n"


def test_table_without_rows():
    assert table(("a", "b"), []) == "a  b\n-  -\n"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1,023 B"), (1536, "1.5 KiB"), (1 << 30, "1.0 GiB"), (5 << 40, "5,120.0 GiB")]
)
def test_sizes(size, text):
    assert size_text(size) == text


def test_emit_keeps_names_that_are_no_unicode(capsys):
    name = os.fsdecode(b"\xff\xe9.png")
    emit({"path": name, "text": "\u00e9"})
    out = capsys.readouterr().out
    assert out.isascii() and json.loads(out)["path"] == name
    emit({"text": "\u00e9"})
    assert capsys.readouterr().out == '{"text": "\u00e9"}\n'


def stdin(monkeypatch, raw):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="ascii"))


@pytest.mark.parametrize(
    ("raw", "null", "names"),
    [
        (b"a\nb\n", False, ["a", "b"]),
        (b"a\r\n\n b c", False, ["a", " b c"]),
        (b"a\nb\0c\0\0", True, ["a\nb", "c"]),
        (b"\xc3\xa9\n\xff\n", False, [os.fsdecode(b"\xc3\xa9"), os.fsdecode(b"\xff")]),
        (b"", False, []),
    ],
)
def test_names_from_stdin(monkeypatch, raw, null, names):
    stdin(monkeypatch, raw)
    assert list(read_paths([], null)) == names


def test_names_longer_than_a_block(monkeypatch):
    names = [f"{'x' * 300}{i}" for i in range(500)]
    stdin(monkeypatch, "\n".join(names).encode())
    assert list(read_paths(["-"])) == names


def test_arguments_stdin_and_folders_in_their_order(monkeypatch, tmp_path):
    (tmp_path / "f/sub").mkdir(parents=True)
    for name in ("f/b.png", "f/sub/a.png", "f/.hidden"):
        (tmp_path / name).touch()
    stdin(monkeypatch, b"from-stdin\n")
    found = list(read_paths(["x", "-", str(tmp_path / "f")]))
    assert found == ["x", "from-stdin", f"{tmp_path}/f/b.png", f"{tmp_path}/f/sub/a.png"]


def test_of_a_folder_only_images_if_names_tell(tmp_path, capsys):
    for name in ("b.JPG", "README.md", "Thumbs.db"):
        (tmp_path / name).touch()
    assert list(read_paths([str(tmp_path)])) == [f"{tmp_path}/b.JPG"]
    assert "2 of 3 files are left out: not named as images (README.md)" in capsys.readouterr().err
    (tmp_path / "b.JPG").unlink()
    assert list(read_paths([str(tmp_path)])) == [f"{tmp_path}/README.md", f"{tmp_path}/Thumbs.db"]
    assert not capsys.readouterr().err


def test_an_empty_folder(tmp_path):
    with pytest.raises(DataError, match="a folder without files"):
        list(read_paths([str(tmp_path)]))


def test_a_terminal_is_no_list_of_names(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(UsageError, match="name files"):
        list(read_paths([]))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="name files"):
        list(read_paths([]))


def test_rejected():
    assert rejected_text(1, "file").startswith("1 file could")
    assert rejected_text(2, "row").startswith("2 rows could")


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GiB", 4 << 30), ("512MiB", 512 << 20), ("1.5G", 3 << 29), ("2GB", 2 * 10**9), ("4 KiB", 4096), ("77", 77)],
)
def test_sizes_are_read(text, size):
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1", "0", "4 gigs", "1e9", "4GiB ", "1" * 40])
def test_what_is_no_size(text):
    with pytest.raises(UsageError, match="expected a size such as 4GiB"):
        read_size(text)
