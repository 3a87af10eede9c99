from __future__ import annotations

import os

import pytest

from mxtrain.config.files import MAX_BYTES, find, find_below
from mxtrain.config.load import load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shipped" / "nets").mkdir(parents=True)
    (tmp_path / "shipped" / "nets" / "lenet.yaml").write_text("net: 1\n")
    (tmp_path / "shipped" / "digits.yaml").write_text("epochs: 1\n")
    (tmp_path / "here.yaml").write_text("epochs: 2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("here.yaml", "here.yaml"),
        ("here", "here.yaml"),
        ("digits", "shipped/digits.yaml"),
        ("digits.yaml", "shipped/digits.yaml"),
        ("nets/lenet", "shipped/nets/lenet.yaml"),
    ],
)
def test_names_are_looked_up(folder, path, name):
    assert find(path, ("nowhere", "shipped")).name == name


def test_a_folder_does_not_hide_a_config_of_its_name(folder):
    (folder / "digits").mkdir()
    assert find("digits", ("shipped",)).name == "shipped/digits.yaml"


def test_missing(folder, refused):
    assert refused(find, "hree", ()) == ["hree: no such file; did you mean 'here.yaml'?"]
    assert refused(find, "zzzzzzz", ("shipped",)) == ["zzzzzzz: no such file; shipped are digits"]
    assert refused(find, "/zz/q.yaml", ()) == ["/zz/q.yaml: no such file"]


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, "a\udc80", "a\nb"])
def test_odd_names_are_only_missing(folder, refused, path):
    (problem,) = refused(find, path, ("shipped",))
    assert ": no such file" in problem
    assert problem.isprintable()


def test_not_a_file(folder, refused):
    os.mkfifo(folder / "pipe")
    assert refused(find, "shipped", ()) == ["shipped: a folder; name a YAML file"]
    assert refused(find, "pipe", ()) == ["pipe: not a regular file; name a YAML file"]
    assert refused(find, "/dev/zero", ()) == ["/dev/zero: not a regular file; name a YAML file"]


def test_too_large(folder, refused):
    (folder / "big.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert refused(find, "big", ()) == ["big.yaml:1:1: larger than 1000000 bytes; a config is smaller"]
    (folder / "big.yaml").write_bytes(b"#" * MAX_BYTES)
    assert len(find("big", ()).text) == MAX_BYTES


def test_encodings(folder, heads):
    (folder / "a.yaml").write_bytes(b"a: 1\nb: \xc3\xa9\xff\n")
    assert heads(find, "a", ()) == ["a.yaml:2:5: the byte 0xff is not UTF-8; save the file as UTF-8"]
    (folder / "a.yaml").write_bytes("a: 1".encode("utf-16"))
    assert heads(find, "a", ()) == ["a.yaml:1:1: UTF-16; save it as UTF-8"]
    (folder / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    tree = load("a")
    assert tree.data == {"a": 1}
    assert tree.position(("a",), key=True)[1:3] == (1, 1)


def test_below(folder):
    assert find_below("nets/lenet", "", ("shipped",)).name == "shipped/nets/lenet.yaml"
    assert find_below("here.yaml", str(folder), ()).name == str(folder / "here.yaml")


@pytest.mark.parametrize("name", ["../here.yaml", "nets/../../here.yaml", "/etc/passwd", "", "a\0b", "a\nb"])
def test_nothing_outside(folder, refused, name):
    (problem,) = refused(find_below, name, "shipped", ())
    assert problem.startswith("must be the name of a file below shipped or among the shipped ones, got ")


def test_no_links_pipes_or_devices(folder, refused):
    (folder / "link.yaml").symlink_to("here.yaml")
    (folder / "door").symlink_to("shipped")
    os.mkfifo(folder / "pipe")
    for name in ("link.yaml", "door/digits.yaml", "pipe"):
        (problem,) = refused(find_below, name, "", ())
        assert problem == f"{name!r} must be a readable regular file, and no link on the way to it"
    assert refused(find_below, "shipped", "", ()) == ["no file 'shipped'"]
    assert refused(find_below, "nets/lent", "", ("shipped",)) == ["no file 'nets/lent'; shipped are digits"]
