"""Folders of images, as training, packing and init see them."""

from __future__ import annotations

import os

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.walk import NO_IMAGE, class_folders

ENDINGS = (".png", ".jpg")


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_images_by_folder_in_the_order_of_bytes(tmp_path):
    put(tmp_path, "b/2.png", "b/10.JPG", "a/deep/er/1.png", "a/Z.png", "\u00e9/1.png", "z/notes.txt")
    found, skipped = class_folders(tmp_path, ENDINGS)
    assert found == {
        "a": ["a/Z.png", "a/deep/er/1.png"], "b": ["b/10.JPG", "b/2.png"], "z": [], "\u00e9": ["\u00e9/1.png"],
    }  # fmt: skip
    assert list(found) == ["a", "b", "z", "\u00e9"]
    assert skipped == [("z/notes.txt", NO_IMAGE)]


def test_links_are_followed_but_in_no_circle(tmp_path):
    put(tmp_path, "real/1.png", "root/a/2.png")
    os.symlink("../real", tmp_path / "root/linked")
    os.symlink("..", tmp_path / "root/a/up")
    os.symlink("nowhere", tmp_path / "root/a/broken.png")
    found, skipped = class_folders(tmp_path / "root", ENDINGS)
    assert found == {"a": ["a/2.png"], "linked": ["linked/1.png"]}
    assert skipped == [
        ("a/broken.png", "a broken link, or not a regular file"), ("a/up", "a link back to a folder above it"),
    ]  # fmt: skip


def test_what_is_left_out_is_told(tmp_path):
    put(tmp_path, "top.png", ".git/1.png", "a/.DS_Store", "a/1.png")
    open(os.fsencode(tmp_path) + b"/a/\xff.png", "w").close()
    found, skipped = class_folders(tmp_path, ENDINGS)
    assert found == {"a": ["a/1.png"]}
    assert dict(skipped) == {
        ".git": "hidden", "a/.DS_Store": "hidden", "top.png": "not in a class folder",
        "a/\\udcff.png": "its name is not UTF-8",
    }  # fmt: skip


def test_a_folder_that_cannot_be_listed(tmp_path):
    with pytest.raises(DataError, match="nowhere: cannot be listed: No such file or directory"):
        class_folders(tmp_path / "nowhere", ENDINGS)
