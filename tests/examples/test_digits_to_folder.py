"""The digits as PNG files: every image once, a fifth of each class held out, pixels as they were."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

datasets = pytest.importorskip("sklearn.datasets", reason="needs the extra 'examples'")
SCRIPT = pathlib.Path(__file__).parents[2] / "examples" / "digits_to_folder.py"


def run(*args):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, args)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("digits") / "out"
    done = run(out)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: 1438 images in train, 359 in val\n"
    return out


def test_every_image_once_with_its_class_and_pixels(folder):
    digits = datasets.load_digits()
    seen = {}
    for path in folder.glob("*/*/*.png"):
        number = int(path.stem)
        assert number not in seen
        seen[number] = (path.parent.name, np.asarray(Image.open(path)))
    assert sorted(seen) == list(range(1797))
    for number, (label, pixels) in seen.items():
        assert label == str(digits.target[number])
        assert pixels.dtype == np.uint8
        assert np.abs(pixels * (16 / 255) - digits.images[number]).max() <= 8 / 255
    assert max(p.max() for _, p in seen.values()) == 255


def test_a_fifth_of_each_class_is_held_out(folder):
    for digit in range(10):
        train, val = (len(list((folder / part / str(digit)).iterdir())) for part in ("train", "val"))
        assert abs(val / (train + val) - 0.2) < 0.005


def test_again_changes_nothing_and_another_seed_is_refused(folder, tmp_path):
    before = sorted(p.relative_to(folder) for p in folder.rglob("*.png"))
    assert run(folder).returncode == 0
    assert sorted(p.relative_to(folder) for p in folder.rglob("*.png")) == before
    refused = run(folder, "--seed", "1")
    assert refused.returncode == 2
    assert "was not made with --seed 1" in refused.stderr
    assert run(tmp_path / "other", "--seed", "1").returncode == 0
    assert sorted(p.relative_to(tmp_path / "other") for p in (tmp_path / "other").rglob("*.png")) != before
