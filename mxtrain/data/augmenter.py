"""What an augmenter is: a record of free functions over images, with every random choice drawn before it is applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from mxtrain.base.random import uniform

Image = NDArray[np.uint8]
Words = NDArray[np.uint32]
Values = NDArray[np.float32]

_FLOATS_AT_ONCE = 1 << 16


class ImageSpec(NamedTuple):
    """What is known of an image; None stands for unknown."""

    height: int | None
    width: int | None
    channels: int | None

    def __str__(self) -> str:
        return " x ".join("?" if d is None else str(d) for d in self)


@dataclass(frozen=True)
class Finish:
    """Pixels to floats: y = (x - mean) / std * scale, per channel or for all. The trainer's feeder does it.

    Args:
        mean: in the units of the pixels (0 to 255); one number, or one per channel.
        std: likewise.
        scale: multiplied last, as MXNet's `scale`.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    scale: float = 1.0

    @cached_property
    def identity(self) -> bool:
        """True if it only changes the type."""
        return not any(self.mean) and all(s == self.scale for s in self.std)

    def affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The same as y = x * multiplier + offset: two float32 arrays of 1 or C elements."""
        return self._affine

    @cached_property
    def _affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        mean, std = np.array(self.mean, np.float64), np.array(self.std, np.float64)
        return (self.scale / std * np.ones_like(mean)).astype(np.float32), (-mean * self.scale / std).astype(np.float32)

    def apply(self, samples: NDArray[Any], out: NDArray[np.float32]) -> None:
        """Write the floats of `samples` (N, ..., C) into `out`, of the same shape and any strides."""
        if self.identity:
            np.copyto(out, samples)
            return
        multiplier, offset = self._affine
        if samples.ndim != 4 or (len(multiplier) == 1 and out.flags.c_contiguous):
            np.multiply(samples, multiplier, out=out)
            if offset.any():
                np.add(out, offset, out=out)
            return
        # Channel by channel, a few images at once: a loop over three channels inside is five times slower.
        step = max(1, _FLOATS_AT_ONCE // (samples[:1, ..., 0].size or 1))
        scratch = np.empty((min(step, len(samples)), *samples.shape[1:-1]), np.float32)
        for start in range(0, len(samples), step):
            part = slice(start, start + step)
            floats = scratch[: len(samples[part])]
            for channel in range(samples.shape[-1]):
                np.copyto(floats, samples[part, ..., channel])
                floats *= multiplier[channel % len(multiplier)]
                floats += offset[channel % len(offset)]
                out[part, ..., channel] = floats


class Window(NamedTuple):
    """A piece of each image of a batch, all of one size.

    Args:
        size: (height, width) of the pieces.
        border: pixels thought of above and below, and left and right, from whose corner places count.
        fill: value of those.
        places: (N, 2) int32: top and left.
    """

    size: tuple[int, int]
    border: tuple[int, int]
    fill: int
    places: NDArray[np.int32]


def _pair(value: Any) -> Any:
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


_Length = Annotated[int, Field(ge=1)]
_Width = Annotated[int, Field(ge=0)]
Size = Annotated[
    tuple[_Length, _Length], BeforeValidator(_pair, json_schema_input_type=_Length | tuple[_Length, _Length])
]
"""(height, width); one number stands for both."""

Border = Annotated[tuple[_Width, _Width], BeforeValidator(_pair, json_schema_input_type=_Width | tuple[_Width, _Width])]
"""Pixels added above and below, and left and right; one number stands for both."""


def draw_uniform(params: Any, words: Words) -> Values:
    """One number in [0, 1) per word."""
    values: Values = uniform(words)
    return values


def unchanged(params: Any, image: Image, values: Values) -> Image:
    """The image as it came."""
    return image


@dataclass(frozen=True)
class Augmenter:
    """A change made to images.

    A random choice never depends on the size of the image: `draw` turns counted random words into numbers, `apply`
    scales these to the image. So the draws of a batch are made in one call, and could be handed to another device.

    Args:
        params: its declared parameters.
        infer: (params, spec) -> spec of the result. Raises ConfigError if it cannot work on such images.
        apply: (params, image (H, W, C), values (V,)) -> image.
        apply_batch: (params, images (N, H, W, C), values (N, V)) -> images, without a loop; None if there is no way.
        words: random words per sample; 0 if it is not random.
        draw: (params, words (N, `words`)) -> values (N, V).
        at_eval: for a random one: (params) -> (name, parameters) of the fixed steps that replace it in evaluation.
        shrink: (params, height, width, values) -> how many times smaller the image may be decoded.
        bottom: (params, height, width, values) -> how many rows of an image of that size it reads, from the top.
        finish: (params) -> conversion to floats, after `apply`. Such an augmenter must be the last.
        window: (params, spec, values (N, V)) -> what it cuts, if it does nothing else to images of that size, or None:
            another device may do it.
        mirror: (params, values (N, V)) -> (N, 2) int32, whether left and right, and up and down, are exchanged, if it
            does nothing else.
    """

    params: type[Any]
    infer: Callable[[Any, ImageSpec], ImageSpec]
    apply: Callable[[Any, Image, Values], Image] = unchanged
    apply_batch: Callable[[Any, Image, Values], Image] | None = None
    words: int = 0
    draw: Callable[[Any, Words], Values] = draw_uniform
    at_eval: Callable[[Any], tuple[tuple[str, Mapping[str, Any]], ...]] | None = None
    shrink: Callable[[Any, int, int, Values], float] | None = None
    bottom: Callable[[Any, int, int, Values], int] | None = None
    finish: Callable[[Any], Finish] | None = None
    window: Callable[[Any, ImageSpec, Values], Window | None] | None = None
    mirror: Callable[[Any, Values], NDArray[np.int32]] | None = None

    @property
    def random(self) -> bool:
        """True if it draws."""
        return self.words > 0
