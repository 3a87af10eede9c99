"""What the header of an ordinary JPEG says: opening it with Pillow costs a tenth of decoding a small one."""

from __future__ import annotations

from typing import NamedTuple

_FRAMES = (0xC0, 0xC1, 0xC2)
"""Baseline, extended and progressive: what every decoder reads."""

_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_EXIF = 0xE1


class Header(NamedTuple):
    """Size, number of colours (1 or 3) and the EXIF block, if there is one."""

    width: int
    height: int
    channels: int
    exif: bytes | None


def header(data: bytes | memoryview) -> Header | None:
    """The header of a JPEG of 8 bits in gray or colour; None for everything else, and for what is not as it should be.

    Sources: ITU T.81, annex B; EXIF 2.3, section 4.5.4.
    """
    if data[:2] != b"\xff\xd8":
        return None
    at, size = 2, len(data)
    frame: tuple[int, int, int] | None = None
    exif: bytes | None = None
    while at + 4 <= size and data[at] == 0xFF:
        kind, length = data[at + 1], data[at + 2] << 8 | data[at + 3]
        if kind == _SCAN:
            return Header(*frame, exif) if frame else None
        if kind < 0xC0 or 0xD0 <= kind <= 0xD9 or kind == 0xFF or length < 2:
            return None
        if kind in _FRAMES:
            if frame or at + 10 > size or data[at + 4] != 8 or data[at + 9] not in (1, 3):
                return None
            frame = data[at + 7] << 8 | data[at + 8], data[at + 5] << 8 | data[at + 6], data[at + 9]
            if not (frame[0] and frame[1]):
                return None
        elif kind in _OTHER_FRAMES:
            return None
        elif kind == _EXIF and data[at + 4 : at + 10] == b"Exif\0\0":
            if exif is not None:
                return None
            exif = bytes(data[at + 4 : at + 2 + length])
        at += 2 + length
    return None
