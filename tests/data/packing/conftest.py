"""Small packs on disk."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.data.pack import Options, pack
from mxtrain.data.packing.convert import Recipe
from mxtrain.data.packing.listing import of_folder
from mxtrain.data.packing.shard import Manner


@pytest.fixture
def packed(folder, tmp_path):
    """(name, recipe and options...) -> prefix of the packed folder of 3 classes with 5 images each."""

    def make(name="pack", recipe=None, manner=None, **options):
        listing = of_folder(folder, ("jpeg", "png"))
        pack(listing, tmp_path / name, Options(Recipe(**(recipe or {})), **options), manner or Manner(threads=2))
        return tmp_path / name

    return make


@pytest.fixture
def squares(tmp_path, encode, rng):
    """A folder of 2 classes with 6 colour PNG images each, 5 x 4 pixels, and those pixels by path."""
    root, pixels = tmp_path / "squares", {}
    for name in ("left", "right"):
        (root / name).mkdir(parents=True)
        for index in range(6):
            pixels[f"{name}/{index}.png"] = rng.integers(0, 256, (5, 4, 3), dtype=np.uint8)
            (root / name / f"{index}.png").write_bytes(encode(pixels[f"{name}/{index}.png"]))
    return root, pixels
