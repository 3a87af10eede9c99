"""Raw payloads: decoded pixels behind a header of one line or three, in the binary format of the Netpbm library.

    "P5" (gray) or "P6" (RGB) | line feed | WIDTH | space | HEIGHT | line feed | "255" | line feed | H x W x C bytes

So a raw record is an image file like any other: Pillow decodes it without knowing of us, and so does OpenCV where it
was built with that format (in MXNet's own wheels it was not: MXNet reads such records, but cannot decode them).
Numbers have no leading zeros and there are no comments: images of one size have headers of the same bytes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from mxtrain.data.augmenter import Image

_HEADER = re.compile(rb"P([56])\n([1-9][0-9]{0,9}) ([1-9][0-9]{0,9})\n255\n")
_LONGEST = 32
_KINDS = {1: 5, 3: 6}


class Shape(NamedTuple):
    """Size of a raw image."""

    height: int
    width: int
    channels: int

    @property
    def header(self) -> bytes:
        """The bytes in front of the pixels."""
        return b"P%d\n%d %d\n255\n" % (_KINDS[self.channels], self.width, self.height)

    @property
    def pixels(self) -> int:
        """Bytes of the pixels."""
        return self.height * self.width * self.channels

    def __str__(self) -> str:
        return f"{self.height} x {self.width} x {self.channels}"


def encode(pixels: Image) -> bytes:
    """The payload of an image (H, W, C), C 1 or 3."""
    return Shape(*pixels.shape).header + pixels.tobytes()


def shape_of(payload: bytes | memoryview) -> Shape | None:
    """The size of the image, if the payload is raw and whole."""
    found = _HEADER.match(bytes(payload[:_LONGEST]))
    if found is None:
        return None
    shape = Shape(int(found[3]), int(found[2]), 1 if found[1] == b"5" else 3)
    return shape if len(payload) == found.end() + shape.pixels else None


def decode(payload: bytes | memoryview, shape: Shape) -> Image:
    """The pixels (H, W, C) of a payload that has this shape; a view of it."""
    return np.frombuffer(payload, np.uint8, shape.pixels, len(shape.header)).reshape(shape)
