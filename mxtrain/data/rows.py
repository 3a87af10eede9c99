"""Filling rows of a batch: read, decode, augment, and what happens to a sample that cannot be read.

A row depends on (seed, epoch, position, data) alone, never on which thread fills it or when.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.data import decoders
from mxtrain.data.augmenter import Image, Values
from mxtrain.data.image import read
from mxtrain.data.pipeline import Preprocess
from mxtrain.data.shuffle import Order, Within
from mxtrain.data.source import Encoded, OpenSource, Rows
from mxtrain.data.source import Field as SourceField
from mxtrain.data.stages import Clock, Spent
from mxtrain.data.turns import Turns

Arrays = Mapping[str, NDArray[Any]]

_BYTES_AT_ONCE = 1 << 20


class Target(NamedTuple):
    """The arrays of one batch, all its rows, filled in place. `wanted`: samples due; `ids`: that came."""

    inputs: Arrays
    labels: Arrays
    ids: NDArray[np.int64]
    wanted: NDArray[np.int64]


class Bad(NamedTuple):
    """A sample that could not be read. `row`: the row left blank for it; None if another sample took its place."""

    id: int
    reason: str
    row: int | None


WAY_OUT = "repair or remove it, or pass over up to data.max_bad of the samples: data.on_error=skip"


@dataclass(frozen=True)
class Filler:
    """How rows are filled.

    Args:
        source: where samples come from.
        preprocess: what happens to images.
        order: the order of an epoch, which also names a bad sample's replacement.
        seed: of the augmentation.
        on_error: ``stop`` raises; ``replace`` takes the next good sample of the order; ``mark`` leaves a blank row.
        allowed: bad samples allowed.
        clock: is told how long each stage took.
        turns: is asked before each sample.
    """

    source: OpenSource
    preprocess: Preprocess
    order: Order | Within
    seed: int
    on_error: str
    allowed: int
    clock: Clock = field(default_factory=Clock)
    turns: Turns = field(default_factory=lambda: Turns("always"))

    @cached_property
    def inputs(self) -> Mapping[str, SourceField]:
        """Of the source, asked once."""
        return self.source.inputs


def fill(filler: Filler, epoch: int, first: int, rows: range, target: Target) -> list[Bad]:
    """Fill `rows` of `target` with the samples it wants there; row 0 is at position `first` of the epoch.

    Returns:
        The samples that could not be read.

    Raises:
        DataError: naming the sample, if `on_error` says so or no good one is found.
    """
    spent, begun = Spent(), perf_counter()
    drawn = filler.preprocess.draw(filler.seed, epoch, first + rows.start, len(rows))
    spent.augment = perf_counter() - begun
    bad: list[Bad] = []
    if any(f.formats for f in filler.inputs.values()):
        bad = _fill_encoded(filler, (epoch, first), target, rows, drawn, spent)
    else:
        bad = _fill_arrays(filler, (epoch, first), target, rows, drawn, spent)
    filler.clock.add(spent, len(rows))
    return bad


def _fill_encoded(
    filler: Filler, at: tuple[int, int], target: Target, rows: range, drawn: list[Values], spent: Spent
) -> list[Bad]:
    """Fill `rows` one by one with what was read of all of them at once, so far as it can be."""
    epoch, first = at
    bad: list[Bad] = []
    found = _read(filler, target.wanted[rows.start : rows.stop], spent)
    with decoders.lending():
        for number, row in enumerate(rows):
            filler.turns.work()
            values = [d[number] for d in drawn]
            if found is not None:
                with suppress(DataError):
                    _write(filler, found, number, (target, row), values, spent)
                    continue
            # Says what is wrong with the sample, and takes another in its place if that is asked for.
            bad.extend(_fill_row(filler, (epoch, first + row), target, row, values, spent))
    return bad


def _read(filler: Filler, indices: NDArray[np.int64], spent: Spent) -> Rows | None:
    """Some samples; None if one of them cannot be read and that is no reason to stop."""
    begun = perf_counter()
    try:
        return filler.source.read(indices)
    except DataError as error:
        if filler.on_error == "stop":
            raise DataError(f"{error}; {WAY_OUT}") from error
        return None
    finally:
        spent.read += perf_counter() - begun


def _fill_arrays(
    filler: Filler, at: tuple[int, int], target: Target, rows: range, drawn: list[Values], spent: Spent
) -> list[Bad]:
    """Fill `rows` a few at once, so that what passes from augmenter to augmenter stays in the cache."""
    epoch, first = at
    bad: list[Bad] = []
    step = max(1, _BYTES_AT_ONCE // _largest_image(filler, target))
    for start in range(0, len(rows), step):
        part = slice(rows.start + start, min(rows.start + start + step, rows.stop))
        filler.turns.work()
        values = [d[start : start + step] for d in drawn]
        found = _read(filler, target.wanted[part], spent)
        if found is None:
            # Which of them it was, and what takes its place, is found one by one.
            for number, row in enumerate(range(part.start, part.stop)):
                one = [v[number] for v in values]
                bad.extend(_fill_row(filler, (epoch, first + row), target, row, one, spent))
            continue
        for name, about in filler.inputs.items():
            begun = perf_counter()
            samples: Any = found.inputs[name]
            if about.image:
                samples = filler.preprocess.apply_batch(samples, values)
            done = perf_counter()
            target.inputs[name][part] = samples
            spent.augment += done - begun
            spent.batch += perf_counter() - done
        for name, labels in found.labels.items():
            target.labels[name][part] = labels
    return bad


def _largest_image(filler: Filler, target: Target) -> int:
    """Bytes of the largest image of a sample, before augmentation or after; of a sample without images, 1."""
    images = [(name, f.type.known_shape or ()) for name, f in filler.inputs.items() if f.image]
    return max((max(math.prod(shape), target.inputs[name][:1].nbytes) for name, shape in images), default=1)


def _fill_row(
    filler: Filler, at: tuple[int, int], target: Target, row: int, values: list[Values], spent: Spent
) -> list[Bad]:
    """Fill one row with the sample at (epoch, position), or with what takes its place."""
    epoch, position = at
    bad: list[Bad] = []
    candidate = int(target.wanted[row])
    while True:
        try:
            begun = perf_counter()
            found = filler.source.read(np.array([candidate]))
            spent.read += perf_counter() - begun
            _write(filler, found, 0, (target, row), values, spent)
        except DataError as error:
            if filler.on_error == "stop":
                raise DataError(f"{error}; {WAY_OUT}") from error
            if filler.on_error == "mark":
                _blank(filler, candidate, target, row)
                return [Bad(candidate, str(error), row)]
            bad.append(Bad(candidate, str(error), None))
            if len(bad) > min(filler.allowed, filler.order.size - 1):
                raise DataError(too_many(len(bad), filler.allowed, str(error))) from error
            candidate = int(filler.order.at(epoch, np.array([position + len(bad)]))[0])
        else:
            target.ids[row] = candidate
            return bad


def _write(
    filler: Filler, found: Rows, number: int, place: tuple[Target, int], values: list[Values], spent: Spent
) -> None:
    """Fill a row with one of the samples that were read."""
    target, row = place
    for name, about in filler.inputs.items():
        samples = found.inputs[name]
        if isinstance(samples, list):
            _write_image(filler, samples[number], about, target.inputs[name][row], values, spent)
        elif about.image:
            target.inputs[name][row] = filler.preprocess.apply(samples[number], values)
        else:
            target.inputs[name][row] = samples[number]
    for name, labels in found.labels.items():
        target.labels[name][row] = labels[number]


def _write_image(
    filler: Filler, item: Encoded, about: SourceField, out: Image, values: list[Values], spent: Spent
) -> None:
    """Fill `out` (H, W, C) with an encoded image."""
    begun = perf_counter()
    content = read(item.content)
    loaded = perf_counter()
    pixels = filler.preprocess.pixels(content, values, name=item.name, formats=about.formats)
    decoded = perf_counter()
    image = filler.preprocess.apply(pixels, values)
    augmented = perf_counter()
    _copy(image, out)
    spent.files = isinstance(item.content, Path)
    spent.read += loaded - begun
    spent.decode += decoded - loaded
    spent.augment += augmented - decoded
    spent.batch += perf_counter() - augmented


def _copy(image: Image, out: Image) -> None:
    """Write (H, W, C) into `out`."""
    if image.strides[1] > 0:
        out[...] = image
        return
    # Mirrored, as `flip` leaves it: whole channels at once, because runs of three bytes take four times as long.
    for channel in range(out.shape[2]):
        out[:, :, channel] = image[:, :, channel]


def _blank(filler: Filler, candidate: int, target: Target, row: int) -> None:
    for array in (*target.inputs.values(), *target.labels.values()):
        array[row] = 0


def too_many(count: int, allowed: int, last: str) -> str:
    """The text of the error for more bad samples than allowed."""
    return (
        f"{count} samples could not be read, {allowed} allowed (data.max_bad); the last: {last}; "
        "repair or remove the files, or raise data.max_bad"
    )
