"""image_folder: one folder per class, images below it at any depth. The class names are the folder names, sorted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Constraint

from mxtrain.base.errors import DataError
from mxtrain.base.params import Name, declare, param
from mxtrain.base.types import PartialType
from mxtrain.data import files, image, paths, walk
from mxtrain.data.source import Encoded, Field, Rows, Skipped, Source

Format = Literal["jpeg", "png", "bmp", "gif", "ppm", "webp"]


@declare
class Params:
    """A folder with one folder of images per class."""

    path: str = param(doc="the folder")
    channels: Literal[1, 3] = param(3, doc="decode to gray (1) or colour (3)")
    formats: Annotated[tuple[Format, ...], Constraint(min_length=1)] = param(
        image.DEFAULT_FORMATS, doc="formats to take, by the ending of the file name; of animated ones the first frame"
    )
    classes: tuple[str, ...] = param((), doc="names of the classes in label order; none: the folders, sorted")
    data_name: Name = param("data", doc="input variable")
    label_name: Name = param("softmax_label", doc="label variable")


@dataclass(frozen=True)
class ImageFolder:
    """An open image folder."""

    root: Path
    params: Params
    classes: tuple[str, ...]
    names: tuple[str, ...]
    targets: NDArray[np.float32]
    report: tuple[Skipped, ...]

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Encoded images."""
        spec = PartialType((None, None, self.params.channels), "uint8")
        return {self.params.data_name: Field(spec, True, self.params.formats)}

    @property
    def labels(self) -> Mapping[str, Field]:
        """The class."""
        return {self.params.label_name: Field(PartialType((), "float32"))}

    def __len__(self) -> int:
        return len(self.names)

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """Paths; whoever decodes opens them."""
        encoded = [Encoded(self.name(int(i)), self.root / self.names[i]) for i in indices]
        return Rows({self.params.data_name: encoded}, {self.params.label_name: self.targets[indices]})

    def name(self, index: int) -> str:
        """The path of the image."""
        return str(self.root / self.names[index])

    def fingerprint(self) -> dict[str, Any]:
        """Names, sizes, and some of the contents."""
        return {
            "samples": len(self),
            "classes": list(self.classes),
            "tree": files.fingerprint_tree(self.root, self.names),
        }


def open_source(params: Params, where: Path) -> ImageFolder:
    """List the folder.

    Raises:
        DataError: if it holds no images, or a class that `classes` does not name.
    """
    root = paths.existing(params.path, where, folder=True)
    endings = tuple(e for f in params.formats for e in image.FORMATS[f])
    found, skipped = walk.class_folders(root, endings)
    classes = params.classes or tuple(found)
    unknown = [c for c in found if c not in classes]
    if unknown:
        raise DataError(
            f"{root}: class folder {', '.join(map(repr, unknown))} is not among `classes`: {', '.join(classes)}"
        )
    skipped.extend(Skipped(c, "class without images") for c in classes if not found.get(c))
    names = tuple(n for c in classes for n in found.get(c, ()))
    if not names:
        kinds = f"{len(found)} folders" if found else "no folder"
        raise DataError(
            f"{root}: no images; expected one folder per class with files ending in {' '.join(endings)}, found {kinds}"
        )
    counts = [len(found.get(c, ())) for c in classes]
    labels = np.repeat(np.arange(len(classes), dtype=np.float32), counts)
    return ImageFolder(root, params, classes, names, labels, tuple(skipped))


SOURCE = Source(Params, open_source, sized=False)
