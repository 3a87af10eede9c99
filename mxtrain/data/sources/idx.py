"""idx: the format of MNIST and its family, plain or gzip-compressed.

Big-endian: two zero bytes, a type byte, the number of dimensions, one uint32 per dimension, the elements row by row
(http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.params import Name, declare, param
from mxtrain.data import paths
from mxtrain.data.source import Source
from mxtrain.data.sources._columns import Columns, as_labels, check_classes

_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_DEFLATE_RATIO = 1032
_BLOCK = 1 << 22
_PREFIX = {"train": "train", "test": "t10k"}


@declare
class Params:
    """MNIST, Fashion-MNIST and files of the same format. Either `folder` and `split`, or `images` and `labels`."""

    folder: str = param("", doc="folder with train-images-idx3-ubyte and its companions, .gz or not")
    split: Literal["train", "test"] = param("train", doc="which files of the folder; test means t10k")
    images: str = param("", doc="file of images")
    labels: str = param("", doc="file of labels; none if there are no labels")
    classes: tuple[str, ...] = param((), doc="names of the classes, in label order")
    data_name: Name = param("data", doc="input variable")
    label_name: Name = param("softmax_label", doc="label variable")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.folder) == bool(self.images):
            raise ValueError("give either folder (and split), or images (and labels)")
        if self.folder and self.labels:
            raise ValueError("labels goes with images; with folder the file is found by its name")
        return self


def open_source(params: Params, where: Path) -> Columns:
    """Open the files and check them against each other."""
    if params.folder:
        folder = paths.existing(params.folder, where, folder=True)
        image_path = find(folder, f"{_PREFIX[params.split]}-images", "idx3")
        label_path: Path | None = find(folder, f"{_PREFIX[params.split]}-labels", "idx1")
    else:
        image_path = paths.existing(params.images, where)
        label_path = paths.existing(params.labels, where) if params.labels else None
    data = read(image_path)
    is_image = data.dtype == np.uint8 and data.ndim in (3, 4)
    if data.ndim < 2 or not len(data):
        raise FormatError(f"{image_path}: expected images (N, height, width), got {data.shape}")
    if is_image and data.ndim == 3:
        data = data[..., None]
    used = (image_path,) if label_path is None else (image_path, label_path)
    targets: dict[str, NDArray[np.float32]] = {}
    if label_path:
        labels = as_labels(read(label_path), str(label_path))
        if len(labels) != len(data):
            raise DataError(f"{label_path}: {len(labels)} labels, but {image_path} holds {len(data)} images")
        if params.classes and labels.ndim == 1:
            check_classes(labels, params.classes, str(label_path))
        targets[params.label_name] = labels
    images = frozenset([params.data_name]) if is_image else frozenset()
    return Columns({params.data_name: data}, targets, used, params.classes or None, images)


def find(folder: Path, stem: str, kind: str) -> Path:
    """The file of the folder that goes by one of the usual names.

    Raises:
        DataError: listing the names that were tried.
    """
    names = [f"{stem}{mark}{kind}-ubyte{ending}" for ending in ("", ".gz") for mark in ("-", ".")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{folder}: expected one of {', '.join(names)}; none is there")


def read(path: Path) -> NDArray[Any]:
    """The array of an idx file. A plain file is mapped, a compressed one decompressed into memory.

    Raises:
        FormatError: naming the file, the offset, what was expected and what came.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            compressed = stream.read(2) == _GZIP
            stream.seek(0)
            if not compressed:
                dtype, shape, start = _header(stream, path)
                expected = start + math.prod(shape) * dtype.itemsize
                if size != expected:
                    raise FormatError(f"{path}: its header says {shape} {dtype}, {expected} bytes; the file has {size}")
                return (
                    np.asarray(np.memmap(path, dtype, "r", start, shape))
                    if math.prod(shape)
                    else np.empty(shape, dtype)
                )
            with gzip.open(stream) as plain:
                return _decompressed(plain, path, size)  # type: ignore[arg-type]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{path}: the gzip stream is damaged or cut short ({error}); get the file again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _header(stream: BinaryIO, path: Path) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """dtype, shape and offset of the first element."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _DTYPES or not 1 <= magic[3] <= 8:
        raise FormatError(
            f"{path}: not an idx file: offset 0 must hold 00 00, a type (08 for bytes) and the number of dimensions, "
            f"got {magic.hex(' ') or 'nothing'}"
        )
    dims = stream.read(4 * magic[3])
    if len(dims) < 4 * magic[3]:
        raise FormatError(f"{path}: ends at offset {4 + len(dims)}, inside the {magic[3]} dimensions of its header")
    return np.dtype(_DTYPES[magic[2]]), struct.unpack(f">{magic[3]}I", dims), 4 + len(dims)


def _decompressed(stream: BinaryIO, path: Path, file_size: int) -> NDArray[Any]:
    dtype, shape, start = _header(stream, path)
    expected = math.prod(shape) * dtype.itemsize
    if expected > _DEFLATE_RATIO * file_size:
        raise FormatError(f"{path}: its header says {shape} {dtype}, more than {file_size} compressed bytes can hold")
    out = np.empty(expected, np.uint8)
    done = 0
    while done < expected:
        count = stream.readinto(out[done : done + _BLOCK].data)  # type: ignore[attr-defined]
        if not count:
            raise FormatError(
                f"{path}: its header says {shape} {dtype}, {start + expected} bytes; the data end at {start + done}"
            )
        done += count
    if stream.read(1):
        raise FormatError(f"{path}: its header says {shape} {dtype}, but more data follow at offset {start + expected}")
    return out.view(dtype).reshape(shape)


SOURCE = Source(Params, open_source)
