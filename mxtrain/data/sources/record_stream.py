"""record_stream: RecordIO files of images read from front to back and shuffled within a window; no index is made.

For files that can only be streamed: on a store without an `.idx`, larger than any cache. Shards come in a new order in
every epoch. With an index the source `records` shuffles all of a data set, and begins anywhere at no cost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Constraint

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.params import Name, declare, param
from mxtrain.base.types import PartialType
from mxtrain.data import files, image, paths
from mxtrain.data.packing import places
from mxtrain.data.packing.records import Place, labels_of, manifests_of, told
from mxtrain.data.remote.address import is_remote
from mxtrain.data.remote.options import Options as Remote
from mxtrain.data.remote.packs import Packs
from mxtrain.data.remote.stream import stream
from mxtrain.data.shuffle import Order
from mxtrain.data.source import Encoded, Field, Rows, Sampled, Skipped, Source
from mxtrain.data.sources.image_folder import Format
from mxtrain.data.sources.records import Paths
from recordio import HeaderError, Losses, unpack

_OFFSETS = 44
"""Bits of an id that say where in its file a record starts; those above say in which file."""


@declare
class Params:
    """RecordIO files of images, as a stream."""

    path: Paths = param(
        doc="a .rec, a manifest, what both begin with, or a pattern (train-*.rec), here or behind s3://, gs://, "
        "hdfs://, http(s)://; or a list of these"
    )
    window: int = param(4096, ge=1, doc="records that are held, from which the next is drawn")
    samples: int | None = param(None, ge=1, doc="records of all files; default: as their manifests say")
    channels: Literal[1, 3] = param(3, doc="decode to gray (1) or colour (3)")
    label_width: int = param(1, ge=1, doc="labels per image")
    label_pad: float | None = param(
        None, doc="fills up the labels of images with fewer (detection: -1); default: that is an error"
    )
    formats: Annotated[tuple[Format, ...], Constraint(min_length=1)] = param(
        image.DEFAULT_FORMATS, doc="formats that images may have, besides raw"
    )
    remote: Remote = param(default_factory=Remote, doc="how remote files are read and kept")
    classes: tuple[str, ...] = param((), doc="names of the classes in label order; none: as the manifest says")
    data_name: Name = param("data", doc="input variable")
    label_name: Name = param("softmax_label", doc="label variable")


class LocalFile:
    """A file here of which pieces are read: what `recordio` calls a range reader."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._file).st_size

    def size(self) -> int:
        """Bytes of the file."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file from `offset` on.

        Raises:
            OSError: if they cannot be read.
        """
        parts = []
        while length:
            part = os.pread(self._file, length, offset)
            if not part:
                raise OSError(0, "was cut while it was read")
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def will_need(self, offset: int, length: int) -> None:
        """Nothing: the system reads ahead."""

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


@dataclass(frozen=True)
class RecordStream:
    """Record files to be read from front to back.

    Args:
        params: what was asked for.
        recs: the files.
        samples: records of all of them.
        classes: names of the classes, if they are known.
        packs: what reads remote files, if there are any.
    """

    params: Params
    recs: tuple[Place, ...]
    samples: int
    classes: tuple[str, ...] | None
    packs: Packs | None

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Encoded images."""
        spec = PartialType((None, None, self.params.channels), "uint8")
        return {self.params.data_name: Field(spec, True, tuple(dict.fromkeys((*self.params.formats, "ppm"))))}

    @property
    def labels(self) -> Mapping[str, Field]:
        """One label or several."""
        width = self.params.label_width
        return {self.params.label_name: Field(PartialType(() if width == 1 else (width,), "float32"))}

    @property
    def report(self) -> tuple[Skipped, ...]:
        """Nothing: what is in the files shows when they are read."""
        return ()

    def __len__(self) -> int:
        return self.samples

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """Nothing but of no samples.

        Raises:
            DataError: a stream gives its samples in its own order.
        """
        if len(indices):
            raise DataError(f"{self.recs[0]}: a stream gives its samples in its own order; name the source `records`")
        width = self.params.label_width
        labels = np.empty((0,) if width == 1 else (0, width), np.float32)
        return Rows({self.params.data_name: []}, {self.params.label_name: labels})

    def stream(self, key: tuple[int, int] | None, lost: Callable[[int, str], None] | None) -> Iterator[Sampled]:
        """All samples once.

        Args:
            key: seed and epoch, which decide the order of shards and records; None: as they lie.
            lost: is told of each damaged region (id, reason), which is passed over; None: it raises.

        Raises:
            FormatError: for a damaged record.
            DataError: if a file cannot be read.
        """
        order = np.arange(len(self.recs))
        if key:
            order = Order(len(self.recs), key[0]).at(key[1], order)
        for shard in order.tolist():
            yield from self._stream(shard, key, lost)

    def _stream(
        self, shard: int, key: tuple[int, int] | None, lost: Callable[[int, str], None] | None
    ) -> Iterator[Sampled]:
        rec, first = self.recs[shard], shard << _OFFSETS
        losses = Losses(tell=lambda damage: lost(first + damage.offset, damage.problem)) if lost else None
        with told():
            file = self.packs.file(rec) if self.packs and isinstance(rec, str) else LocalFile(Path(rec))
            try:
                window = self.params.window if key else 1
                for offset, record in stream(file, str(rec), key or (0, 0), window, None, losses):
                    yield self._sampled(first + offset, record)
            finally:
                file.close()

    def _sampled(self, id: int, record: memoryview) -> Sampled:
        name = self.name(id)
        try:
            header, payload = unpack(record)
        except HeaderError as error:
            return Sampled(id, Encoded(name, b""), (), f"{name}: {error}")
        labels, width = labels_of(header), self.params.label_width
        if len(labels) < width and self.params.label_pad is not None:
            labels = (*labels, *[self.params.label_pad] * (width - len(labels)))
        if len(labels) != width:
            found = f"{name}: has {len(labels)} labels, expected {width} (label_width); label_pad fills up shorter ones"
            return Sampled(id, Encoded(name, payload), (), found)
        return Sampled(id, Encoded(name, payload), labels)

    def name(self, index: int) -> str:
        """File and offset."""
        return f"{self.recs[index >> _OFFSETS]}: offset {index & (1 << _OFFSETS) - 1}"

    def fingerprint(self) -> dict[str, Any]:
        """Size and hash, or version, of every file."""
        facts = [
            self.packs.fingerprint(rec) if self.packs and isinstance(rec, str) else files.fingerprint(Path(rec))
            for rec in self.recs
        ]
        return {"samples": self.samples, "classes": list(self.classes or ()), "files": facts}


def open_source(params: Params, where: Path) -> RecordStream:
    """Find the files and what their manifests say; none of their records is read.

    Raises:
        DataError: if a file is not there, or nothing says how many records there are.
    """
    far = any(map(is_remote, params.path))
    packs = Packs(params.remote) if far else None
    recs: list[Place] = []
    for text in params.path:
        recs.extend(packs.find(text) if packs and is_remote(text) else places.find(paths.expand(text, where)))
    manifests = manifests_of(recs, packs)
    samples = params.samples
    if samples is None:
        missing = next((rec for rec in recs if rec not in manifests), None)
        if missing is not None:
            raise DataError(f"{missing}: no manifest says how many records it holds; say `samples: N`, of all files")
        samples = sum(_records(manifests[rec].shards, str(rec)) for rec in recs)
    known = {manifests[rec].classes for rec in recs if rec in manifests}
    if len(known) > 1 and not params.classes:
        raise DataError(f"{recs[0]}: the files have different classes; `mxtrain pack merge` joins them by name")
    if not samples:
        raise FormatError(f"{recs[0]}: holds no image")
    return RecordStream(params, tuple(recs), samples, params.classes or next(iter(known), None) or None, packs)


def _records(shards: Any, rec: str) -> int:
    name = rec.rpartition("/")[2]
    return int(next(s.records for s in shards if s.files[0].name == name))


SOURCE = Source(Params, open_source, sized=False)
