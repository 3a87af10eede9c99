"""pillow: decodes every format. JPEGs with the libjpeg-turbo that it brings along.

Alpha is dropped, as MXNet (OpenCV) does; of 16 bits the upper 8 remain; of CMYK the colours that Pillow finds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from mxtrain.base.errors import DataError
from mxtrain.data.decoders import Decoder


def decode(image: Pillow.Image, channels: int, scale: int) -> NDArray[np.uint8]:
    """(H, W, channels) of an opened image; a JPEG smaller by `scale`, and without its colour if none is wanted.

    Raises:
        DataError: if the pixels are floats.
    """
    width, height = image.size
    if scale > 1 or channels == 1:
        # Does nothing to other formats.
        image.draft("L" if channels == 1 else None, (width // scale, height // scale))
    image.load()
    pixels = np.asarray(_converted(image, channels))
    return pixels[:, :, None] if channels == 1 else pixels


def _converted(image: Pillow.Image, channels: int) -> Pillow.Image:
    """The image in mode L or RGB."""
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        image = Pillow.fromarray((np.clip(deep, 0, 65535) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise DataError("pixels are floating-point numbers; expected 8 or 16 bits")
    elif image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def lacks() -> tuple[str, ...]:
    """Never anything."""
    return ()


DECODER = Decoder(lacks)
