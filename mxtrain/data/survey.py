"""What a folder of images holds: classes, how many of each, sizes, channels; read from headers and a sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from mxtrain.base.errors import DataError
from mxtrain.data import image, walk

LOOKED_AT = 200
"""Images whose size and pixels are looked at."""

_GRAY = frozenset({"1", "L", "LA", "I", "I;16", "I;16B"})


@dataclass(frozen=True)
class Survey:
    """A folder with one folder of images per class.

    Args:
        folder: where it is.
        classes: images by class, sorted as image_folder sorts them.
        formats: formats found, by how many files have their ending.
        sizes: (height, width) of the images looked at, and how many have it.
        channels: 1 if all that were looked at are gray, else 3.
        mean: of the pixels looked at, over all channels, 0 to 255.
        std: their deviation.
        unreadable: files looked at that cannot be decoded, with the reason.
        other: files that are no images by their names.
    """

    folder: Path
    classes: Mapping[str, int]
    formats: Mapping[str, int]
    sizes: Mapping[tuple[int, int], int]
    channels: int
    mean: float
    std: float
    unreadable: tuple[str, ...]
    other: int

    @property
    def images(self) -> int:
        """Images in all."""
        return sum(self.classes.values())

    @property
    def shorter_edges(self) -> tuple[int, int]:
        """The smallest and the median length of the shorter edge."""
        edges = sorted(min(size) for size, count in self.sizes.items() for _ in range(count))
        return edges[0], edges[len(edges) // 2]


def survey(folder: Path, looked_at: int = LOOKED_AT) -> Survey:
    """Look at a folder.

    Raises:
        DataError: if it is none, cannot be listed, or holds no images in class folders.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: {'is a file' if folder.exists() else 'nothing is there'}; expected a folder")
    endings = {ending: name for name, all_endings in image.FORMATS.items() for ending in all_endings}
    found, skipped = walk.class_folders(folder, tuple(endings))
    paths = [folder / name for names in found.values() for name in names]
    classes = {name: len(names) for name, names in found.items()}
    formats = Counter(endings[p.suffix.lower()] for p in paths)
    other = sum(s.reason == walk.NO_IMAGE for s in skipped)
    if not paths:
        there = ", ".join(classes) or "no folders"
        raise DataError(f"{folder}: no images in class folders; expected one folder of images per class, found {there}")
    sizes, channels, moments, unreadable = _look(_spread(paths, looked_at), tuple(formats))
    if not sizes:
        raise DataError(f"{folder}: none of {len(unreadable)} images can be read; the first: {unreadable[0]}")
    return Survey(folder, classes, formats, sizes, channels, *moments, tuple(unreadable), other)


def _spread(paths: Sequence[Path], count: int) -> list[Path]:
    """Up to `count` of the paths, evenly."""
    return [paths[i * len(paths) // count] for i in range(count)] if len(paths) > count else list(paths)


def _look(
    paths: Sequence[Path], formats: tuple[str, ...]
) -> tuple[Counter[tuple[int, int]], int, tuple[float, float], list[str]]:
    """Sizes, channels, (mean, deviation) and unreadable ones of some images."""
    sizes: Counter[tuple[int, int]] = Counter()
    channels, unreadable = 1, []
    total = squares = 0.0
    count = 0
    for path in paths:
        try:
            pixels = image.decode(path, 3, formats=formats)
            with Pillow.open(path) as opened:
                gray = opened.mode in _GRAY
        except DataError as error:
            unreadable.append(str(error))
            continue
        except OSError as error:
            unreadable.append(f"{path}: {error}")
            continue
        sizes[pixels.shape[0], pixels.shape[1]] += 1
        channels = channels if gray else 3
        wide = pixels.astype(np.float64)
        total, squares, count = total + wide.sum(), squares + np.square(wide).sum(), count + wide.size
    mean = total / max(count, 1)
    return sizes, channels, (float(mean), float(max(squares / max(count, 1) - mean * mean, 0.0) ** 0.5)), unreadable
