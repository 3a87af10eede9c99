"""A first config for a folder of images: a net by the size of the images, plain augmentation, sgd with a cosine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mxtrain.base.errors import DataError
from mxtrain.config import scalar
from mxtrain.data.image import DEFAULT_FORMATS
from mxtrain.data.survey import Survey, survey

TRAIN, VAL = ("train", "training"), ("val", "valid", "validation", "test")
SMALL, MIDDLE = 20, 64
"""Shorter edges, in pixels, below which images are small, or of middle size."""


@dataclass(frozen=True)
class Found:
    """The data sets in a folder.

    Args:
        folder: the folder that was named.
        train: what there is to train on.
        val: what there is to evaluate on, or None.
    """

    folder: Path
    train: Survey
    val: Survey | None


@dataclass(frozen=True)
class Recipe:
    """What the size of the images decides.

    Args:
        net: the value of ``net:``.
        size: (height, width) that the net sees.
        augment: entries of ``augment:`` before normalize.
        lr: learning rate.
        batch_size: samples per batch.
        epochs: passes.
        why: a sentence.
    """

    net: str
    size: tuple[int, int]
    augment: tuple[str, ...]
    lr: float
    batch_size: int
    epochs: int
    why: str


def look(folder: Path) -> Found:
    """Find the data sets: class folders, or train/ and val/ with class folders.

    Raises:
        DataError: if there are no images, or one class only.
    """
    train = next((folder / name for name in TRAIN if (folder / name).is_dir()), folder)
    val = next((folder / name for name in VAL if (folder / name).is_dir()), None) if train != folder else None
    found = Found(folder, survey(train), None if val is None else survey(val))
    if len(found.train.classes) < 2:
        raise DataError(_one_class(train, next(iter(found.train.classes))))
    return found


def _one_class(folder: Path, only: str) -> str:
    """What is wrong with one class; a folder too far out is the likeliest."""
    below = [p.name for p in sorted((folder / only).iterdir()) if p.is_dir() and not p.name.startswith(".")]
    if len(below) > 1:
        inner = ", ".join(below[:4])
        return f"{folder}: one class only, {only}; if {inner} in it are classes: mxtrain init {folder / only}"
    return f"{folder}: one class only, {only}; a net learns to tell classes apart, so it takes two"


def write(found: Found, root: str, name: str) -> str:
    """The config as YAML with comments.

    Args:
        root: the folder as the config shall call it, relative to the config.
        name: of the run.
    """
    train, recipe = found.train, choose(found.train)
    height, width = recipe.size
    shape = [train.channels, height, width]
    lines = [
        f"# {_count(train.images, 'image')} of {len(train.classes)} classes; {recipe.why}",
        "# Try `mxtrain check` on it first: it shows every layer, and the memory that training takes.",
        f"name: {scalar.write(name)}",
        "data:",
        f"  root: {scalar.write(root)}",
        f"  train: {_source(found, train)}",
        *_val_lines(found),
        "augment:  # in this order; `mxtrain ls augmenters` lists what there is",
        *(f"  - {entry}" for entry in recipe.augment),
        f"  - normalize: {{mean: {train.mean:.1f}, std: {max(train.std, 1.0):.1f}}}  # of the pixels looked at",
        f"net: {recipe.net}  # `mxtrain ls nets` lists what there is",
        f"input_shape: [{', '.join(map(str, shape))}]  # channels, height, width after `augment`",
        f"batch_size: {recipe.batch_size}",
        f"epochs: {recipe.epochs}",
        f"optimizer: {{name: sgd, lr: {scalar.write(recipe.lr)}, momentum: 0.9, wd: 5e-4}}",
        "lr_scheduler: {name: cosine, warmup: 1 epoch}",
        "metrics: [accuracy, cross_entropy]",
    ]
    return "\n".join(lines) + "\n"


def _source(found: Found, data: Survey) -> str:
    """An image_folder entry."""
    path = "." if data.folder == found.folder else data.folder.name
    formats = sorted({*found.train.formats, *(found.val.formats if found.val else ())})
    extra = "" if set(formats) <= set(DEFAULT_FORMATS) else f", formats: [{', '.join(formats)}]"
    if data is found.val and list(data.classes) != list(found.train.classes):
        # Named, the labels are those of train where val lacks a class.
        extra += f", classes: [{', '.join(map(scalar.write, found.train.classes))}]"
    return f"{{name: image_folder, path: {scalar.write(path)}, channels: {found.train.channels}{extra}}}"


def _val_lines(found: Found) -> Sequence[str]:
    if found.val is not None:
        return [f"  val: {_source(found, found.val)}"]
    return [
        "  # No data to evaluate on was found, so the metrics are those of the training data, which flatter. Move part",
        "  # of every class to a folder of its own, and name it here (image_folder has no option that splits):",
        "  # val: {name: image_folder, path: ../val}",
    ]


def choose(train: Survey) -> Recipe:
    """Net, size and augmentation for images like these."""
    classes, small = len(train.classes), train.images < 20_000
    median = train.shorter_edges[1]
    same = next(iter(train.sizes)) if len(train.sizes) == 1 else None
    if median < SMALL:
        size = same or (median, median)
        cut = _cut(size, 1, same is not None)
        net = f"{{file: digits, classes: {classes}}}"
        why = "they are small, so a small net will do."
        return Recipe(net, size, cut, 0.05, 64, 30, why)
    if median < MIDDLE:
        size = same or (32, 32)
        cut = (*_cut(size, max(2, size[0] // 8), same is not None), "flip  # leave it out where left and right differ")
        net = f"{{file: resnet-cifar, depth: 20, classes: {classes}}}"
        return Recipe(net, size, cut, 0.1, 128 if not small else 64, 60, "of middle size: a ResNet for small images.")
    edge = 224 if median >= 200 else max(64, median // 32 * 32)
    augment = (f"random_resized_crop: {{size: {edge}, area: [0.25, 1]}}", "flip  # leave it out where sides matter")
    net = f"{{file: resnet, depth: 18, classes: {classes}}}"
    return Recipe(net, (edge, edge), augment, 0.05, 32 if small else 64, 60, "they are large: a ResNet of 18 layers.")


def _cut(size: tuple[int, int], pad: int, same: bool) -> tuple[str, ...]:
    height, width = size
    text = str(height) if height == width else f"[{height}, {width}]"
    crop = f"random_crop: {{size: {text}, pad: {pad}}}"
    return (crop,) if same else (f"resize: {{size: [{height}, {width}]}}  # they have several sizes", crop)


def run_name(text: str) -> str:
    """A name for the run made of a folder's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:64] or "run"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
