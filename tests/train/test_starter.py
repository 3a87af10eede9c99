"""A first config: what is found, what is chosen, and that it checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError
from mxtrain.data.survey import Survey
from mxtrain.train import check, starter
from mxtrain.train.fit import load_config


def make(folder, classes, sizes, suffix="png"):
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i, size in enumerate(sizes):
            Image.fromarray(np.full(size, 50 * i, np.uint8)).save(folder / name / f"{i}.{suffix}")


def looked(sizes, images=100):
    return Survey(Path("x"), {"a": images, "b": 0}, {"png": images}, sizes, 1, 100.0, 50.0, (), 0)


@pytest.mark.parametrize(
    ("sizes", "net", "size"),
    [
        ({(8, 8): 9}, "digits", (8, 8)),
        ({(9, 12): 9}, "digits", (9, 12)),
        ({(9, 12): 5, (14, 14): 6}, "digits", (14, 14)),
        ({(28, 28): 9}, "resnet-cifar", (28, 28)),
        ({(30, 40): 5, (50, 40): 5}, "resnet-cifar", (32, 32)),
        ({(64, 64): 5}, "resnet", (64, 64)),
        ({(100, 170): 5, (90, 90): 1}, "resnet", (96, 96)),
        ({(300, 500): 5, (2000, 1000): 9}, "resnet", (224, 224)),
    ],
)
def test_the_net_follows_the_size(sizes, net, size):
    recipe = starter.choose(looked(sizes))
    assert recipe.net.startswith(f"{{file: {net},") and recipe.size == size
    assert "classes: 2" in recipe.net


@pytest.mark.parametrize("sizes", [[(8, 8)] * 2, [(9, 13), (12, 12)], [(28, 28)] * 2, [(40, 33), (36, 50)], [(70, 66)]])
def test_what_is_written_checks(tmp_path, monkeypatch, sizes):
    monkeypatch.setattr(check, "STRATEGIES", ("both",))
    make(tmp_path / "d/train", ("x", "a: b"), sizes)
    make(tmp_path / "d/valid", ("x", "a: b"), sizes, "bmp")
    found = starter.look(tmp_path / "d")
    (tmp_path / "c.yaml").write_text(starter.write(found, "d", "c"))
    config, tree, where = load_config(str(tmp_path / "c.yaml"), ["batch_size=2"])
    assert config.data.val.params.path == "valid" and config.data.val.params.formats == ("bmp", "png")
    assert config.input_shape == (1, *starter.choose(found.train).size)
    assert check.check_config(config, tree, where).rows == 2


def test_without_data_to_evaluate_on(tmp_path):
    make(tmp_path, ("a", "b"), [(8, 8)])
    text = starter.write(starter.look(tmp_path), "x", "x")
    assert "# No data to evaluate on was found" in text and 'path: "."' in text


def test_one_class(tmp_path):
    make(tmp_path, ("only",), [(8, 8)])
    with pytest.raises(DataError, match="one class only, only"):
        starter.look(tmp_path)


@pytest.mark.parametrize(
    ("text", "name"),
    [("pets", "pets"), ("my pets!", "my-pets"), ("...", "run"), ("\u65e5", "run"), ("x" * 99, "x" * 64)],
)
def test_names_of_runs(text, name):
    assert starter.run_name(text) == name
