"""mxtrain init: point at a folder, get a config that trains."""

from __future__ import annotations

import pytest


@pytest.fixture
def where(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_config_trains(mx, images, where):
    images(where / "my pets/train", {"cat": 4, "dog": 5})
    images(where / "my pets/val", {"cat": 2, "dog": 2})
    said = mx("init", "my pets")
    assert (said.code, said.out) == (0, "my-pets.yaml\n")
    assert "train: 9 images of 2 classes, 4 to 5 each; 6 x 6, gray" in said.err
    assert "next: mxtrain check my-pets.yaml, then mxtrain fit my-pets.yaml" in said.err
    assert mx("check", "my-pets.yaml").code == 0
    assert mx("fit", "my-pets.yaml", "epochs=1", "lr_scheduler.warmup=0").code == 0


def test_nothing_is_overwritten(mx, images, where):
    images(where / "pets", {"cat": 1, "dog": 1})
    (where / "pets.yaml").write_text("mine")
    (where / "link.yaml").symlink_to("nowhere")
    for out in ([], ["pets.yaml"], ["link.yaml"]):
        said = mx("init", "pets", *out)
        assert said.code == 2 and "is there already" in said.err
    assert (where / "pets.yaml").read_text() == "mine"
    assert not (where / "nowhere").exists()


def test_paths_are_relative_to_the_config(mx, images, where):
    images(where / "pets", {"cat": 1, "dog": 1})
    (where / "sub").mkdir()
    assert mx("init", "pets", "sub/p.yaml").code == 0
    assert 'root: "../pets"' in (where / "sub/p.yaml").read_text()
    assert mx("init", where / "pets", "abs.yaml").code == 0
    assert f"root: {where}/pets" in (where / "abs.yaml").read_text()
    assert "val: none" in mx("init", "pets", "no-val.yaml").err


def test_what_is_odd_is_said(mx, images, where):
    images(where / "pets/train", {"cat": 3, "dog": 3})
    images(where / "pets/test", {"cat": 1, "cow": 1})
    (where / "pets/train/cat/broken.png").write_text("no image")
    (where / "pets/train/cat/notes.txt").write_text("no image")
    err = mx("init", "pets").err
    assert "1 that cannot be read, 1 files that are no images" in err and "broken.png: not an image" in err
    assert "val has no dog; nothing will be measured of it" in err
    assert "train has no cow: training refuses what is only in val" in err
    assert "training stops at a file that cannot be read: remove it, or set data.on_error=skip" in err


def test_a_class_that_val_lacks_is_no_hindrance(mx, images, where):
    images(where / "pets/train", {"ant: red": 3, "cat": 3})
    images(where / "pets/train", {"dog": 3})
    images(where / "pets/val", {"cat": 2, "dog": 2})
    (where / "pets/train/.git").mkdir()
    said = mx("init", "pets")
    assert "val has no ant: red" in said.err
    said = mx("fit", "pets.yaml", "epochs=1", "lr_scheduler.warmup=0")
    assert said.code == 0
    (scores,) = mx("eval", said.out.strip()).lines
    assert scores["samples"] == 4


def test_folders_without_images_are_named(mx, images, where):
    images(where / "pets", {"cat": 2, "dog": 2})
    (where / "pets/__MACOSX").mkdir()
    assert "without an image: __MACOSX; remove the folder if it is no class" in mx("init", "pets").err


def test_mistakes(mx, images, where):
    assert mx("init", "nope").code == 3
    (where / "empty").mkdir()
    assert "no images in class folders" in mx("init", "empty").err
    images(where / "one", {"cat": 2})
    assert "one class only, cat" in mx("init", "one").err
    images(where / "far/Training", {"cat": 2, "dog": 2})
    assert "if cat, dog in it are classes: mxtrain init far/Training" in mx("init", "far").err
    images(where / "two", {"cat": 2, "dog": 2})
    said = mx("init", "two", "nowhere/x.yaml")
    assert said.code == 4 and "cannot be written" in said.err
