"""The command line in this process, and a small run to look at."""

from __future__ import annotations

import io
import json
import logging
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from mxtrain.cli.app import run as run_command_line
from mxtrain.train.fit import start_run

CONFIG = """\
name: tiny
data:
  train: {name: image_folder, path: images/train, channels: 1}
  val: {name: image_folder, path: images/val, channels: 1}
net:
  - convolution: {num_filter: 2, kernel: 3, name: conv}
  - flatten: {name: flat}
  - fully_connected: {num_hidden: 2, name: fc}
  - softmax_output: {name: softmax}
augment:
  - random_crop: {size: 6}
  - normalize: {std: 255}
input_shape: [1, 6, 6]
batch_size: 8
epochs: 2
threads: 1
optimizer: {name: sgd, lr: 0.1}
"""


class Said(NamedTuple):
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


def make_images(folder: Path, counts: dict[str, int], size=(6, 6), mode="L", suffix="png") -> None:
    """Folders of images, dark in the first class and brighter in each further one."""
    for k, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            shape = size if mode == "L" else (*size, 3)
            pixels = np.full(shape, 40 + 150 * k + i, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.{suffix}")


@pytest.fixture(scope="session")
def images():
    return make_images


@pytest.fixture
def mx(capsys, monkeypatch):
    """``mx("check", path, stdin=b"...")``: a command line in this process."""

    def call(*args, stdin: bytes | None = None) -> Said:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_command_line([str(a) for a in args])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Said(ended.value.code, out, err)

    handlers = list(logging.getLogger().handlers)
    yield call
    logging.getLogger().handlers[:] = handlers


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A config and the images that it names."""
    path = tmp_path_factory.mktemp("tiny")
    (path / "tiny.yaml").write_text(CONFIG)
    make_images(path / "images/train", {"dark": 8, "light": 8})
    make_images(path / "images/val", {"dark": 3, "light": 3})
    return path


@pytest.fixture(scope="session")
def config(folder):
    return folder / "tiny.yaml"


@pytest.fixture(scope="session")
def trained(folder):
    """A finished run of two epochs. Nobody may change it."""
    return start_run(str(folder / "tiny.yaml"), ["log.progress=off"], folder / "runs", ["mxtrain", "fit"]).run


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of the run that may be changed."""
    return Path(shutil.copytree(trained, tmp_path / "copy", symlinks=True))
