from __future__ import annotations

import os
import tarfile

import numpy as np
import pytest

from mxtrain.base.errors import DataError
from mxtrain.data import image
from mxtrain.data.source import Encoded


def skipped(source):
    return {s.path: s.reason for s in source.report}


def test_classes_are_the_folders_sorted(folder, open_source):
    source = open_source("image_folder", path=str(folder))
    assert source.classes == ("ant", "bee", "cat")
    assert len(source) == 15
    assert source.report == ()
    rows = source.read(np.array([14, 0]))
    assert rows.labels["softmax_label"].tolist() == [2, 0]
    assert rows.inputs["data"][1] == Encoded(str(folder / "ant/0.jpg"), folder / "ant/0.jpg")
    assert source.name(14).endswith("cat/4.jpg")
    assert source.inputs["data"].type == ((None, None, 3), "uint8")
    assert image.decode(rows.inputs["data"][0].content).shape == (32, 28, 3)


def test_clutter_is_left_out_and_reported(folder, open_source):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    (folder / "ant/.hidden.jpg").write_bytes(b"x")
    (folder / "ant/Thumbs.db").write_bytes(b"x")
    (folder / "ant/animated.gif").write_bytes(b"x")
    (folder / "bee/link.jpg").symlink_to(folder / "gone.jpg")
    os.mkfifo(folder / "bee/pipe.jpg")
    (folder / "empty").mkdir()
    (folder / ".git").mkdir()
    source = open_source("image_folder", path=str(folder))
    assert len(source) == 15
    assert skipped(source) == {
        ".DS_Store": "hidden",
        ".git": "hidden",
        "notes.txt": "not in a class folder",
        "ant/.hidden.jpg": "hidden",
        "ant/Thumbs.db": "not an image by its name, or a format that `formats` does not list",
        "ant/animated.gif": "not an image by its name, or a format that `formats` does not list",
        "bee/link.jpg": "a broken link, or not a regular file",
        "bee/pipe.jpg": "a broken link, or not a regular file",
        "empty": "class without images",
    }


def test_a_class_without_images_keeps_its_number(folder, open_source):
    (folder / "a-empty").mkdir()
    source = open_source("image_folder", path=str(folder))
    assert source.classes == ("a-empty", "ant", "bee", "cat")
    assert source.read(np.array([0])).labels["softmax_label"].tolist() == [1]


def test_nested_folders_belong_to_their_class(folder, open_source):
    (folder / "bee/more/deep").mkdir(parents=True)
    (folder / "bee/0.jpg").rename(folder / "bee/more/deep/0.JPEG")
    source = open_source("image_folder", path=str(folder))
    assert len(source) == 15
    assert source.classes == ("ant", "bee", "cat")
    deep = next(i for i in range(15) if "deep" in source.name(i))
    assert source.read(np.array([deep])).labels["softmax_label"].tolist() == [1]


def test_links_that_loop_end(folder, open_source):
    (folder / "ant/up").symlink_to(folder)
    (folder / "ant/self").symlink_to(folder / "ant")
    (folder / "bee/other").symlink_to(folder / "cat")
    source = open_source("image_folder", path=str(folder))
    assert len(source) == 20
    assert set(skipped(source)) == {"ant/up", "ant/self"}


def test_formats_on_request(folder, open_source):
    (folder / "ant/x.gif").write_bytes(b"x")
    source = open_source("image_folder", path=str(folder), formats=["gif", "png"])
    assert len(source) == 7
    assert source.inputs["data"].formats == ("gif", "png")


def test_classes_in_a_given_order(folder, open_source):
    source = open_source("image_folder", path=str(folder), classes=["dog", "cat", "bee", "ant"])
    assert source.read(np.array([0])).labels["softmax_label"].tolist() == [1]
    assert skipped(source) == {"dog": "class without images"}
    with pytest.raises(DataError, match="class folder 'cat' is not among `classes`: ant, bee"):
        open_source("image_folder", path=str(folder), classes=["ant", "bee"])


@pytest.mark.parametrize("content", ["nothing", "a file", "an empty class"])
def test_no_images(tmp_path, open_source, content):
    if content == "a file":
        (tmp_path / "x.jpg").write_bytes(b"x")
    elif content == "an empty class":
        (tmp_path / "ant").mkdir()
    with pytest.raises(DataError, match="no images; expected one folder per class with files ending in .jpg"):
        open_source("image_folder", path=str(tmp_path))


def test_a_name_that_is_no_text(folder, open_source):
    with open(os.fsencode(folder / "ant") + b"/\xff.jpg", "wb") as stream:
        stream.write(b"x")
    source = open_source("image_folder", path=str(folder))
    assert skipped(source) == {"ant/\\udcff.jpg": "its name is not UTF-8"}


def test_the_fingerprint_changes_with_the_data_and_not_with_the_place(folder, open_source):
    before = open_source("image_folder", path=str(folder)).fingerprint()
    moved = folder.rename(folder.with_name("moved"))
    assert open_source("image_folder", path=str(moved)).fingerprint() == before
    (moved / "ant/0.jpg").unlink()
    assert open_source("image_folder", path=str(moved)).fingerprint() != before


@pytest.mark.data
def test_hymenoptera(data_pack, tmp_path, open_source, steps, iterate, drain):
    with tarfile.open(data_pack / "images/hymenoptera.tar") as tar:
        members = [m for m in tar if "train/" in m.name and (m.isdir() or not m.name.endswith(".jpg"))]
        for kind in ("ants", "bees"):
            members += [m for m in tar if f"train/{kind}/" in m.name and m.name.endswith(".jpg")][:8]
        tar.extractall(tmp_path, members, filter="data")
    root = next(tmp_path.rglob("train"))
    source = open_source("image_folder", path=str(root))
    assert source.classes == ("ants", "bees")
    assert len(source) == 17
    assert set(skipped(source)) == {".DS_Store", "ants/imageNotFound.gif"}
    augment = steps(("random_resized_crop", {"size": 64}), ("flip", {}))
    batches = drain(iterate(source, augment, batch_size=8, threads=2))
    assert [b[0]["data"].shape for b in batches] == [(8, 64, 64, 3), (8, 64, 64, 3), (1, 64, 64, 3)]
    assert all(image.std() > 5 for b in batches for image in b[0]["data"])
