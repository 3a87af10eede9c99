"""What a mixer is: a record of free functions that blend the samples of a finished batch, images and labels.

A mixer works on training batches only. It makes probabilities, (N, classes), of class labels; several may follow one
another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mxtrain.base.errors import DataError
from mxtrain.base.random import stream_key, words
from mxtrain.data.augmenter import Image, Words

Labels = NDArray[np.float32]
Per = Literal["batch", "sample"]
Alpha = Annotated[float, Field(gt=0)]


class Mixed(NamedTuple):
    """A batch after mixing: images (N, H, W, C) uint8, labels (N, classes) probabilities."""

    images: Image
    labels: Labels


@dataclass(frozen=True)
class Mixer:
    """A way to blend the samples of a batch.

    Args:
        params: its declared parameters.
        apply: (params, images (N, H, W, C), labels (N,) class numbers or (N, classes) probabilities, classes, words
            (N, `words`)) -> Mixed, arrays of its own. Raises DataError for a label that is no class.
        words: random words per sample, counted by the sample's position in the epoch.
    """

    params: type[Any]
    apply: Callable[[Any, Image, Labels, int, Words], Mixed]
    words: int


def draw_words(mixer: Mixer, name: str, seed: int, epoch: int, rows: range) -> Words:
    """(N, `words`) of the samples at positions `rows` of an epoch; `name`: of the step, unique within a config."""
    drawn: Words = words(stream_key(seed, f"data/mix/{name}"), epoch, rows.start, len(rows), mixer.words)
    return drawn


def soft_labels(labels: Labels, classes: int) -> Labels:
    """(N, classes) probabilities of class numbers (N,); a copy of what are probabilities already.

    Raises:
        DataError: naming the row, for a number that is no class.
    """
    if labels.ndim == 2:
        return np.array(labels, np.float32)
    bad = np.flatnonzero(~((labels >= 0) & (labels < classes) & (labels == np.floor(labels))))
    if bad.size:
        row = int(bad[0])
        raise DataError(
            f"row {row} of the batch: label {labels[row]:g} is no class (0 to {classes - 1}), so it cannot be mixed"
        )
    soft = np.zeros((len(labels), classes), np.float32)
    soft[np.arange(len(labels)), labels.astype(np.int64)] = 1
    return soft


def partners(column: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The row that each row is mixed with: a permutation of the batch, by one random word (N,) per row."""
    order: NDArray[np.int64] = np.argsort(column, kind="stable")
    return order


def draw_beta(alpha: float, first: NDArray[np.uint32], second: NDArray[np.uint32]) -> NDArray[np.float64]:
    """(N,) from Beta(alpha, alpha), of two words each, for any alpha above 0.

    With U and V uniform and w = U^(-1/alpha) - 1, a t-distributed number of 2 alpha degrees is
    sqrt(2 alpha w) cos(2 pi V) (Bailey, "Polar generation of random variates with the t-distribution", 1994), and
    (1 + t / sqrt(2 alpha + t^2)) / 2 is Beta(alpha, alpha).
    """
    u = (first.astype(np.float64) + 1.0) * 2.0**-32
    cosine = np.cos(2.0 * np.pi * 2.0**-32 * (second.astype(np.float64) + 0.5))
    with np.errstate(over="ignore", divide="ignore"):
        # Of a small alpha w overflows, of U = 1 it is 0: both are limits that the division below reaches.
        inverse = 1.0 / (u ** (-1.0 / alpha) - 1.0)
    weights: NDArray[np.float64] = 0.5 + 0.5 * cosine / np.sqrt(inverse + cosine**2)
    return weights


def blended(soft: Labels, partner: NDArray[np.int64], weights: NDArray[np.float32]) -> Labels:
    """weight * own label + (1 - weight) * partner's; (N, classes), (N,), (N,) -> (N, classes)."""
    weight = weights[:, None]
    out: Labels = soft * weight + soft[partner] * (1 - weight)
    return out
