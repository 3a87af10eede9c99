"""records: RecordIO files of images, ours, MXNet's and InsightFace's; one or many, with an `.idx` or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator
from pydantic import Field as Constraint

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.params import Name, declare, param
from mxtrain.base.types import PartialType
from mxtrain.data import files, image, paths
from mxtrain.data.augmenter import Image
from mxtrain.data.packing import places
from mxtrain.data.packing.manifest import Manifest
from mxtrain.data.packing.records import labels_of, told
from mxtrain.data.remote.address import is_remote
from mxtrain.data.remote.options import Options as Remote
from mxtrain.data.remote.packs import Packs
from mxtrain.data.source import Encoded, Field, Rows, Skipped, Source
from mxtrain.data.sources._raw_rows import RawRows, first_sound, one_size, unpack_record
from mxtrain.data.sources.image_folder import Format
from recordio import DamageError, Header, HeaderError, IndexedReader, RangedReader, RecordIOError, open_index

Place = Path | str
"""A file here, or the URL of one elsewhere."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Paths = Annotated[
    tuple[str, ...],
    Constraint(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...]),
]
"""One path or several."""


@declare
class Params:
    """RecordIO files of images."""

    path: Paths = param(
        doc="a .rec, a manifest, what both begin with, or a pattern (train-*.rec), here or behind s3://, gs://, "
        "hdfs://, http(s)://; or a list of these"
    )
    channels: Literal[1, 3] | None = param(
        None, doc="decode to gray (1) or colour (3); default: as packed if all images are alike, else 3"
    )
    label_width: int | None = param(
        None, ge=1, doc="labels per image; default: as the first image has (InsightFace files: 1)"
    )
    label_pad: float | None = param(
        None, doc="fills up the labels of images with fewer (detection: -1); default: that is an error"
    )
    formats: Annotated[tuple[Format, ...], Constraint(min_length=1)] = param(
        image.DEFAULT_FORMATS, doc="formats that images may have, besides raw"
    )
    verify: bool = param(False, doc="compare every record with the checksums beside the file (local files)")
    remote: Remote = param(default_factory=Remote, doc="how remote files are read and kept")
    classes: tuple[str, ...] = param((), doc="names of the classes in label order; none: as the manifest says")
    data_name: Name = param("data", doc="input variable")
    label_name: Name = param("softmax_label", doc="label variable")


@dataclass(frozen=True)
class Shard:
    """One file.

    Args:
        reader: of its records.
        first: key of the first image if images are found by key (InsightFace), else None: all records are images.
        images: number of images.
    """

    reader: IndexedReader | RangedReader
    first: int | None
    images: int

    def number(self, image: int) -> int:
        """The record of an image."""
        return image if self.first is None else self.reader.index.number(self.first + image)


@dataclass(frozen=True)
class Records:
    """Open record files.

    Args:
        params: what was asked for.
        shards: the files, in order.
        ends: (shards,) images up to the end of each.
        raws: their raw rows, if all images are raw and of one size; else ().
        channels: of the images.
        width: labels per image.
        classes: names of the classes, if they are known.
        manifests: by file.
        packs: what reads remote files, if there are any.
        report: records that hold no image.
    """

    params: Params
    shards: tuple[Shard, ...]
    ends: NDArray[np.int64]
    raws: tuple[RawRows, ...]
    channels: Literal[1, 3]
    width: int
    classes: tuple[str, ...] | None
    manifests: Mapping[Place, Manifest]
    packs: Packs | None
    report: tuple[Skipped, ...]

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Encoded images; arrays if all are raw and of one size."""
        if self.raws:
            shape = (*self.raws[0].shape[:2], self.channels)
            return {self.params.data_name: Field(PartialType(shape, "uint8"), True)}
        spec = PartialType((None, None, self.channels), "uint8")
        return {self.params.data_name: Field(spec, True, tuple(dict.fromkeys((*self.params.formats, "ppm"))))}

    @property
    def labels(self) -> Mapping[str, Field]:
        """One label or several."""
        return {self.params.label_name: Field(PartialType(() if self.width == 1 else (self.width,), "float32"))}

    def __len__(self) -> int:
        return int(self.ends[-1])

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """Views of the mapped files; raw images of one size as one array."""
        which, inside = self._places(indices)
        try:
            samples, labels = self._arrays(which, inside) if self.raws else self._encoded(which, inside)
        except RecordIOError as error:
            raise FormatError(str(error)) from None
        except KeyError as error:
            raise FormatError(f"{self.shards[which[0]].reader.path}: no record has the key {error}") from None
        return Rows({self.params.data_name: samples}, {self.params.label_name: _narrow(labels)})

    def _places(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which shard holds each image, and its number there."""
        which = np.searchsorted(self.ends, indices, side="right")
        begins = np.concatenate([[0], self.ends[:-1]])
        return which, indices - begins[which]

    def _arrays(self, which: NDArray[np.int64], inside: NDArray[np.int64]) -> tuple[Image, NDArray[np.float32]]:
        shards = np.unique(which)
        if len(shards) == 1:
            images, labels = self.raws[int(shards[0])].read(inside)
        else:
            shape = self.raws[0].shape
            images = np.empty((len(which), *shape), np.uint8)
            labels = np.empty((len(which), self.width), np.float32)
            for shard in shards.tolist():
                mine = which == shard
                images[mine], labels[mine] = self.raws[shard].read(inside[mine])
        return recoloured(images, self.channels), labels

    def _encoded(
        self, which: NDArray[np.int64], inside: NDArray[np.int64]
    ) -> tuple[list[Encoded], NDArray[np.float32]]:
        labels = np.empty((len(which), self.width), np.float32)
        samples = []
        for row, (shard, at) in enumerate(zip(which.tolist(), inside.tolist(), strict=True)):
            reader = self.shards[shard].reader
            number = self.shards[shard].number(at)
            header, payload = unpack_record(reader, number)
            name = f"{reader.path}: record {number}"
            if not len(payload):
                raise FormatError(f"{name}: holds no image; a header of InsightFace without its .idx?")
            labels[row] = self._labels(header, name)
            samples.append(Encoded(name, payload))
        return samples, labels

    def _labels(self, header: Header, name: str) -> tuple[float, ...]:
        found = labels_of(header)
        if len(found) == self.width:
            return found
        if self.params.label_pad is not None and len(found) < self.width:
            return (*found, *[self.params.label_pad] * (self.width - len(found)))
        if self.params.label_width is None and self.width == 1 and self.report:
            # InsightFace's own readers take the first label, whatever follows it.
            return found[:1]
        raise FormatError(
            f"{name}: has {len(found)} labels, expected {self.width} (label_width); label_pad fills up shorter ones"
        )

    def name(self, index: int) -> str:
        """File and record, counted from 0."""
        which, inside = self._places(np.array([index]))
        shard = self.shards[int(which[0])]
        return f"{shard.reader.path}: record {shard.number(int(inside[0]))}"

    def fingerprint(self) -> dict[str, Any]:
        """Size and hash of every file: what a manifest says of it, whose size was compared; else its own."""
        facts = []
        for shard in self.shards:
            path = shard.reader.path
            record = self.manifests.get(path)
            if record is None:
                facts.append(self._own_fingerprint(path))
                continue
            name = str(path).rpartition("/")[2]
            said = next(s.files[0] for s in record.shards if s.files[0].name == name)
            facts.append({"name": said.name, "size": said.bytes, "sha256": said.sha256, "sampled": False})
        return {"samples": len(self), "classes": list(self.classes or ()), "files": facts}

    def _own_fingerprint(self, path: Place) -> dict[str, Any]:
        if self.packs and isinstance(path, str):
            return self.packs.fingerprint(path)
        return files.fingerprint(Path(path))


def _narrow(labels: NDArray[np.float32]) -> NDArray[np.float32]:
    return labels[:, 0] if labels.shape[1] == 1 else labels


def recoloured(images: Image, channels: int) -> Image:
    """Images (N, H, W, C) with 1 or 3 channels, converted as Pillow does."""
    if images.shape[3] == channels:
        return images
    if channels == 3:
        return np.broadcast_to(images, (*images.shape[:3], 3))
    weights = np.array([19595, 38470, 7471], np.uint32)
    gray: Image = (((images.astype(np.uint32) @ weights) + 0x8000) >> 16).astype(np.uint8)
    return gray[..., None]


def open_source(params: Params, where: Path) -> Records:
    """Open the files; their indices are mapped, or made and kept beside them at the first use.

    Raises:
        DataError: if a file is not there, is damaged, holds no image, or the files do not go together.
    """
    packs = _packs(params)
    recs: list[Place] = []
    for text in params.path:
        recs.extend(packs.find(text) if packs and is_remote(text) else places.find(paths.expand(text, where)))
    manifests: dict[Place, Manifest] = dict(places.manifests(rec for rec in recs if isinstance(rec, Path)).items())
    if packs:
        manifests.update(packs.manifests(rec for rec in recs if isinstance(rec, str)).items())
    with told():
        shards = tuple(_shard(_open(rec, packs, params.verify)) for rec in recs)
        ends = np.cumsum([shard.images for shard in shards], dtype=np.int64)
        if not ends[-1]:
            raise DataError(f"{recs[0]}: holds no image; expected records with an image header")
        raws = _raws(shards, manifests, params)
        report = tuple(_aside(shard) for shard in shards if shard.first is not None)
        first = next(shard for shard in shards if shard.images)
        width = params.label_width or (1 if report else len(labels_of(first_sound(first.reader)[0])))
    if raws and max(raws[0].flag, 1) != width:
        raws = ()
    channels = params.channels or _channels(raws, list(manifests.values()), len(recs))
    classes = params.classes or _classes(recs, manifests)
    return Records(params, shards, ends, raws, channels, width, classes or None, manifests, packs, report)


def _packs(params: Params) -> Packs | None:
    """What reads remote files, if there are any.

    Raises:
        DataError: if they are to be compared with checksums.
    """
    far = [text for text in params.path if is_remote(text)]
    if far and params.verify:
        raise DataError(
            f"{far[0]}: verify compares local files only; remote ones are checked in length and version, and what is "
            "kept of them by checksums: leave verify out"
        )
    return Packs(params.remote) if far else None


def _open(rec: Place, packs: Packs | None, verify: bool) -> IndexedReader | RangedReader:
    if packs and isinstance(rec, str):
        return packs.open(rec)
    # What is done about damage is not decided here: each record is an error when it is read.
    return IndexedReader(rec, index=open_index(rec, "skip"), verify=verify)


def _shard(reader: IndexedReader | RangedReader) -> Shard:
    """A file and where its images are: all records, or those that an InsightFace header (key 0) names.

    Such a header has two labels (N, M) and no image: 1 to N - 1 are the keys of images, N to M - 1 of identities.
    """
    try:
        at = reader.index.number(0)
        header, payload = unpack_record(reader, at)
    except (KeyError, DamageError, HeaderError):
        return Shard(reader, None, len(reader))
    labels = labels_of(header)
    if len(payload) or len(labels) < 2:
        return Shard(reader, None, len(reader))
    end = labels[0]
    if not (end.is_integer() and 1 <= end <= len(reader)):
        raise FormatError(
            f"{reader.path}: record {at} holds no image but labels {labels[:4]}: expected a header of InsightFace, "
            f"whose first label is one more than the number of images, at most {len(reader)}"
        )
    return Shard(reader, 1, int(end) - 1)


def _aside(shard: Shard) -> Skipped:
    others = len(shard.reader) - shard.images - 1
    return Skipped(str(shard.reader.path), f"a header and {others} records of identities hold no image (InsightFace)")


def _raws(shards: tuple[Shard, ...], manifests: Mapping[Place, Manifest], params: Params) -> tuple[RawRows, ...]:
    """The rows of every file, if all images of all files are raw and of one size; else ()."""
    if any(shard.first is not None or not shard.images for shard in shards):
        return ()
    readers = [shard.reader for shard in shards if isinstance(shard.reader, IndexedReader)]
    if len(readers) < len(shards):
        # Rows are gathered out of mapped files.
        return ()
    found = []
    for reader in readers:
        record = manifests.get(reader.path)
        size = one_size(reader, record is not None and record.images.size is not None)
        if size is None:
            return ()
        found.append(size)
    if len(set(found)) != 1:
        return ()
    return tuple(RawRows(reader, *size, params.verify) for reader, size in zip(readers, found, strict=True))


def _channels(raws: tuple[RawRows, ...], held: list[Manifest], files: int) -> Literal[1, 3]:
    if raws:
        return 1 if raws[0].shape.channels == 1 else 3
    gray = [m for m in held if m.moments is not None and m.moments.gray[0] and not m.moments.pixels]
    return 1 if len(gray) == files else 3


def _classes(recs: list[Place], manifests: Mapping[Place, Manifest]) -> tuple[str, ...] | None:
    """What the manifests say.

    Raises:
        DataError: if they say different things.
    """
    known = {manifests[rec].classes: rec for rec in recs if rec in manifests}
    if len(known) > 1:
        (one, first), (other, second) = list(known.items())[:2]
        raise DataError(
            f"{first} has the classes {list(one or ())[:5]}, {second} {list(other or ())[:5]}: their labels do not "
            "mean the same; `mxtrain pack merge` joins them by name"
        )
    return next(iter(known), None)


SOURCE = Source(Params, open_source)
