"""One image file to the payload of its record."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image as Pillow

from mxtrain.data import image, jpeg, resizers
from mxtrain.data.augment import resize
from mxtrain.data.augmenter import Image
from mxtrain.data.packing import raw
from mxtrain.data.packing.encoding import encode
from mxtrain.data.packing.moments import Moments, of_image, of_picture

Encode = Literal["jpeg", "png", "raw", "keep"]

RESIZER = "pillow"
"""Scales, whatever faster there is: others round differently. Decoders give the same pixels: the fastest is taken."""

_GRAY = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B"})
_PNG_COLOUR = 25
"""Where a PNG says its colour type: 0 and 4 are gray."""

_NO_VALUES = np.empty(0, np.float32)


@dataclass(frozen=True)
class Recipe:
    """What is done to every image.

    Args:
        encode: format of the payload; keep: the file as it is.
        quality: of JPEG, 1 to 100.
        resize: length of the shorter edge, or None.
        crop: cut the middle square.
        channels: 1 or 3; None: gray stays gray.
        formats: formats of files to accept.
    """

    encode: Encode = "jpeg"
    quality: int = 95
    resize: int | None = None
    crop: bool = False
    channels: Literal[1, 3] | None = None
    formats: tuple[str, ...] = image.DEFAULT_FORMATS


class Converted(NamedTuple):
    """A payload, and size and moments of the pixels that it was made of (kept files: of what they show)."""

    payload: bytes
    shape: raw.Shape
    moments: Moments


def convert(file: Path, recipe: Recipe) -> Converted:
    """Read, decode, scale, cut and encode an image; even a file that is kept as it is must decode.

    Raises:
        DataError: naming the file and what is wrong with it.
    """
    content = image.read(file)
    channels = recipe.channels or stored_channels(content, recipe.formats)
    wanted: dict[str, Any] = {"shorter_edge": recipe.resize}
    scale = resize.Params(**wanted) if recipe.resize else None
    needs = image.Needs(lambda height, width: resize.shrink(scale, height, width, _NO_VALUES)) if scale else image.ALL
    pixels = image.decode(content, channels, name=str(file), formats=recipe.formats, needs=needs)
    if scale:
        with resizers.using(RESIZER):
            pixels = resize.apply(scale, pixels, _NO_VALUES)
    if recipe.crop:
        pixels = middle(pixels)
    shape = raw.Shape(*pixels.shape)
    if recipe.encode == "keep":
        return Converted(bytes(content), shape, of_image(pixels))
    if recipe.encode == "raw":
        return Converted(raw.encode(pixels), shape, of_image(pixels))
    picture = Pillow.fromarray(np.ascontiguousarray(pixels[:, :, 0] if shape.channels == 1 else pixels))
    return Converted(encode(picture, recipe.encode, recipe.quality, str(file)), shape, of_picture(picture))


def stored_channels(content: bytes | memoryview, formats: tuple[str, ...]) -> Literal[1, 3]:
    """1 if the file holds a gray image, else 3; 3 if it cannot be opened: decoding says why."""
    # Opening a small image takes half of decoding.
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) > _PNG_COLOUR:
        return 1 if content[_PNG_COLOUR] in (0, 4) else 3
    if head := jpeg.header(content):
        return 1 if head.channels == 1 else 3
    try:
        with Pillow.open(io.BytesIO(content), formats=[f.upper() for f in formats]) as opened:
            return 1 if opened.mode in _GRAY else 3
    except Exception:
        # Whatever a damaged file makes Pillow stumble over: `decode` meets it again and names it.
        return 3


def middle(pixels: Image) -> Image:
    """The middle square of an image, as im2rec cuts it."""
    height, width = pixels.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    return pixels[top : top + edge, left : left + edge]
