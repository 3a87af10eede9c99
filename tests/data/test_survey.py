"""What a folder of images holds."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError
from mxtrain.data.sources import REGISTRY
from mxtrain.data.survey import _spread, survey


def save(path, shape, value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, np.uint8)).save(path)


def test_classes_sizes_and_pixels(tmp_path):
    save(tmp_path / "b/1.png", (4, 6), 0)
    save(tmp_path / "a/sub/2.PNG", (5, 5), 200)
    save(tmp_path / "a/1.bmp", (4, 6), 200)
    (tmp_path / "a/readme.txt").write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "a/.hidden.png").touch()
    (tmp_path / "top.png").touch()
    found = survey(tmp_path)
    assert (dict(found.classes), found.images, found.other) == ({"a": 2, "b": 1}, 3, 1)
    assert dict(found.formats) == {"bmp": 1, "png": 2}
    assert dict(found.sizes) == {(4, 6): 2, (5, 5): 1}
    assert (found.channels, found.shorter_edges, found.unreadable) == (1, (4, 4), ())
    dark, bright = 24, 49
    mean = 200 * bright / (dark + bright)
    assert found.mean == pytest.approx(mean)
    assert found.std == pytest.approx((200**2 * bright / (dark + bright) - mean**2) ** 0.5)


def test_one_colour_image_makes_all_of_them_colour(tmp_path):
    save(tmp_path / "a/1.png", (4, 4))
    save(tmp_path / "b/1.png", (4, 4, 3))
    assert survey(tmp_path).channels == 3


def test_broken_ones_are_named(tmp_path):
    save(tmp_path / "a/1.png", (4, 4))
    (tmp_path / "a/2.png").write_bytes(b"no image")
    (tmp_path / "a/3.jpg").touch()
    found = survey(tmp_path)
    assert found.images == 3 and sum(found.sizes.values()) == 1
    assert [text.split(":")[0] for text in found.unreadable] == [f"{tmp_path}/a/2.png", f"{tmp_path}/a/3.jpg"]


def test_only_a_sample_is_looked_at(tmp_path):
    for i in range(9):
        save(tmp_path / f"a/{i}.png", (4, 4))
    found = survey(tmp_path, looked_at=4)
    assert found.images == 9 and sum(found.sizes.values()) == 4
    assert _spread(list(range(9)), 4) == [0, 2, 4, 6] and _spread([1, 2], 4) == [1, 2]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda p: None, "nothing is there"),
        (lambda p: p.write_text(""), "is a file"),
        (lambda p: p.mkdir(), "found no folders"),
        (lambda p: (p / "a").mkdir(parents=True), "expected one folder of images per class, found a"),
        (lambda p: save(p / "1.png", (2, 2)), "no images in class folders"),
    ],
)
def test_mistakes(tmp_path, make, text):
    make(tmp_path / "x")
    with pytest.raises(DataError, match=text):
        survey(tmp_path / "x")


def test_a_class_that_cannot_be_listed_is_no_empty_one(tmp_path, monkeypatch):
    save(tmp_path / "a/1.png", (4, 4))
    save(tmp_path / "b/1.png", (4, 4))
    scandir = os.scandir

    def refused(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(DataError, match="/b: cannot be listed: Permission denied"):
        survey(tmp_path)


def test_what_init_sees_is_what_training_reads(tmp_path):
    save(tmp_path / "pool/1.png", (4, 4))
    save(tmp_path / "root/a/2.png", (4, 4))
    save(tmp_path / "root/a/.cache/3.png", (4, 4))
    (tmp_path / "root/b").mkdir()
    (tmp_path / "root/b/pool").symlink_to("../../pool")
    (tmp_path / "root/b/up").symlink_to("..")
    source = REGISTRY.get("image_folder")
    opened = source.open(source.params(path="root"), tmp_path)
    assert dict(survey(tmp_path / "root").classes) == {"a": 1, "b": 1} == dict.fromkeys(opened.classes, 1)
    assert opened.names == ("a/2.png", "b/pool/1.png")


def test_nothing_readable(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="none of 1 images can be read; the first: .*1.png"):
        survey(tmp_path)
