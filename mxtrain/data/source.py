"""What a data source is: a record that opens files, and what it gives once they are open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.types import PartialType


class Encoded(NamedTuple):
    """One image that is still encoded.

    Args:
        name: what to call it in an error: a path, or a file and record number.
        content: its bytes, or the file that holds them.
    """

    name: str
    content: bytes | memoryview | Path


class Field(NamedTuple):
    """What one input or label of a source is like.

    Args:
        type: of one sample, without the batch dimension. An image is (height, width, channels) uint8, any part unknown.
        image: True if augmenters apply to it.
        formats: formats that an encoded image may have (``jpeg``, ``png``...); () if `read` gives arrays.
    """

    type: PartialType
    image: bool = False
    formats: tuple[str, ...] = ()


class Rows(NamedTuple):
    """Some samples: per variable an (n, ...) array, or n encoded images."""

    inputs: Mapping[str, NDArray[Any] | list[Encoded]]
    labels: Mapping[str, NDArray[np.float32]]


class Sampled(NamedTuple):
    """A sample of a stream.

    Args:
        id: that tells it from all others.
        content: the image.
        labels: as many as the source says.
        problem: what is wrong with it, if anything is.
    """

    id: int
    content: Encoded
    labels: tuple[float, ...]
    problem: str = ""


class Skipped(NamedTuple):
    """Something that lies among the data and is no part of it."""

    path: str
    reason: str


class OpenSource(Protocol):
    """A source whose files are open. `read` and `name` are called from several threads at once."""

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Inputs by variable name."""

    @property
    def labels(self) -> Mapping[str, Field]:
        """Labels by variable name: (n,) or (n, width) float32."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes, in label order, if the source knows them."""

    @property
    def report(self) -> tuple[Skipped, ...]:
        """Clutter that was found and left out."""

    def __len__(self) -> int:
        """Number of samples."""

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """The samples called for, in that order.

        Raises:
            DataError: naming the sample that cannot be read.
        """

    def name(self, index: int) -> str:
        """What to call a sample in an error or a result."""

    def fingerprint(self) -> dict[str, Any]:
        """Sizes and hashes that tell, cheaply, whether the data changed. Plain JSON values; no absolute paths."""


@runtime_checkable
class Streamed(OpenSource, Protocol):
    """A source that gives its samples in an order of its own only. `read` is not called."""

    def stream(self, key: tuple[int, int] | None, lost: Callable[[int, str], None] | None) -> Iterator[Sampled]:
        """All samples once, on one thread.

        Args:
            key: seed and epoch, which decide the order; None: as they lie.
            lost: is told of what is passed over because it is damaged (id, reason); None: that raises.
        """


@dataclass(frozen=True)
class Source:
    """A kind of data source.

    Args:
        params: its declared parameters.
        open: (params, folder of the config) -> open source. Raises DataError naming file, what was expected, what came.
        sized: False if its images may have any size, whatever its files hold: augmenters have to give them one.
    """

    params: type[Any]
    open: Callable[[Any, Path], OpenSource]
    sized: bool = True
