"""arrays: the arrays of a NumPy .npz file. Uncompressed ones are mapped, not loaded. Objects (pickles) are refused."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from pydantic import BeforeValidator

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.params import Name, declare, param
from mxtrain.data import paths
from mxtrain.data.source import Source
from mxtrain.data.sources._columns import Columns, as_labels, check_classes, check_numbers

_DEFLATE_RATIO = 1032


def _named(value: Any) -> Any:
    """A name, or a list of names, stands for a mapping of each to itself."""
    names = [value] if isinstance(value, str) else value
    return {name: name for name in names} if isinstance(names, list | tuple) else value


Names = Annotated[
    dict[Name, str], BeforeValidator(_named, json_schema_input_type=str | tuple[str, ...] | dict[Name, str])
]


@declare
class Params:
    """The arrays of a .npz file."""

    path: str = param(doc="the .npz file")
    inputs: Names = param(
        {"data": "data"}, doc="input variable -> array; a list where the names are the same", min_length=1
    )
    labels: Names = param(
        {"softmax_label": "softmax_label"}, doc="label variable -> array; a list where the names are the same"
    )
    images: Literal["auto", "nhwc", "nchw", "none"] = param(
        "auto",
        doc="order of uint8 inputs that are images, (N, H, W), (N, H, W, C) or (N, C, H, W); none: they are no images",
    )
    classes: tuple[str, ...] = param((), doc="names of the classes, in label order")


def open_source(params: Params, where: Path) -> Columns:
    """Open the file and check that its arrays go together."""
    path = paths.existing(params.path, where)
    arrays = read(path, (*params.inputs.values(), *params.labels.values()))
    inputs: dict[str, NDArray[Any]] = {}
    images: set[str] = set()
    for name, key in params.inputs.items():
        array, is_image = _as_images(arrays[key], params.images, f"{path}: {key}")
        if is_image:
            images.add(name)
        else:
            check_numbers(array, f"{path}: {key}")
        inputs[name] = array
    labels = {name: as_labels(arrays[key], f"{path}: {key}") for name, key in params.labels.items()}
    counts = {key: arrays[key].shape[:1] for key in (*params.inputs.values(), *params.labels.values())}
    if len(set(counts.values())) != 1 or () in counts.values() or (0,) in counts.values():
        said = ", ".join(f"{key}: {arrays[key].shape}" for key in counts)
        raise DataError(f"{path}: the arrays must have one first dimension, the number of samples, got {said}")
    if params.classes:
        for name, label in labels.items():
            if label.ndim == 1:
                check_classes(label, params.classes, f"{path}: {params.labels[name]}")
    return Columns(inputs, labels, (path,), params.classes or None, frozenset(images))


def _as_images(array: NDArray[Any], order: str, where: str) -> tuple[NDArray[Any], bool]:
    """The array as (N, H, W, C), and whether it is images."""
    if array.dtype != np.uint8 or order == "none" or (order == "auto" and array.ndim not in (3, 4)):
        return array, False
    if array.ndim == 3:
        return array[..., None], True
    if array.ndim != 4:
        raise DataError(f"{where}: images must be (N, H, W), (N, H, W, C) or (N, C, H, W), got {array.shape}")
    if order == "auto":
        last, second = array.shape[3] in (1, 3, 4), array.shape[1] in (1, 3, 4)
        if last == second:
            raise DataError(
                f"{where}: uint8 {array.shape}: cannot tell which dimension is colour; say images: nhwc, nchw or none"
            )
        order = "nhwc" if last else "nchw"
    return (array if order == "nhwc" else array.transpose(0, 2, 3, 1)), True


def read(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The named arrays of a .npz file.

    Raises:
        DataError: for an array that is not there or holds objects.
        FormatError: for a damaged file.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            missing = [n for n in dict.fromkeys(names) if n not in members]
            if missing:
                there = ", ".join(sorted(members)) or "none"
                raise DataError(f"{path}: no array {', '.join(map(repr, missing))}; there are: {there}")
            return {name: _member(path, stream, archive, members[name]) for name in dict.fromkeys(names)}
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError) as error:
        raise FormatError(f"{path}: not a whole .npz file: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _member(path: Path, stream: BinaryIO, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    where = f"{path}: {info.filename}"
    if info.file_size > _DEFLATE_RATIO * max(info.compress_size, 1):
        raise FormatError(
            f"{where}: {info.compress_size} compressed bytes cannot hold the {info.file_size} it declares"
        )
    try:
        with archive.open(info) as member:
            shape, fortran, dtype = _header(cast(BinaryIO, member))
            start = member.tell()
            if dtype.hasobject:
                raise DataError(f"{where}: holds Python objects, which are never loaded; save it as numbers")
            nbytes = dtype.itemsize * int(np.prod(shape, dtype=object))
            if start + nbytes != info.file_size:
                raise FormatError(
                    f"{where}: its header says {shape} {dtype}, {start + nbytes} bytes; it has {info.file_size}"
                )
            if info.compress_type != zipfile.ZIP_STORED or not nbytes:
                flat = np.frombuffer(bytearray(member.read()), dtype)
                return flat.reshape(shape, order="F" if fortran else "C")
    except ValueError as error:
        raise FormatError(f"{where}: not a NumPy array: {error}") from error
    stream.seek(info.header_offset + 26)
    name_length, extra_length = struct.unpack("<HH", stream.read(4))
    offset = info.header_offset + 30 + name_length + extra_length + start
    if offset + nbytes > stream.seek(0, 2):
        raise FormatError(f"{where}: ends beyond the end of the file")
    # A plain array over the map: the class memmap takes longer to index than a small batch to copy.
    return np.asarray(np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C"))


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"format version {version}, expected (1, 0) or (2, 0)")
    return npy.read_array_header_1_0(stream) if version == (1, 0) else npy.read_array_header_2_0(stream)


SOURCE = Source(Params, open_source)
