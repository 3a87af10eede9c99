"""What the header of an ordinary JPEG says, and the same JPEG without its lower rows.

Opening a file with Pillow costs a tenth of decoding a small one. A crop needs no row below it, and decoders take their
time row by row from the top: a file that says it is less high is decoded only so far.
"""

from __future__ import annotations

from typing import NamedTuple

_SEQUENTIAL = (0xC0, 0xC1)
_PROGRESSIVE = 0xC2
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_RESTARTS = 0xDD
_EXIF = 0xE1

_HEIGHT, _WIDTH, _COLOURS, _SAMPLING = 5, 7, 9, 11
"""Where they are behind the beginning of a frame's marker. Sampling: of the first colour, three bytes for each."""


class Header(NamedTuple):
    """What matters of a header.

    Args:
        width: in pixels.
        height: likewise.
        channels: number of colours, 1 or 3.
        exif: the EXIF block, if there is one.
        frame: where the frame's marker is.
        unit: rows that are coded together, if those below can be left out: all colours are in one scan from top to
            bottom, without restarts; else 0.
    """

    width: int
    height: int
    channels: int
    exif: bytes | None
    frame: int
    unit: int


def header(data: bytes | memoryview) -> Header | None:
    """The header of a JPEG of 8 bits in gray or colour; None for everything else, and for what is not as it should be.

    Sources: ITU T.81, annex B; EXIF 2.3, section 4.5.4.
    """
    if data[:2] != b"\xff\xd8":
        return None
    at, size = 2, len(data)
    frame, restarts = 0, False
    exif: bytes | None = None
    while at + 4 <= size and data[at] == 0xFF:
        kind, length = data[at + 1], _two(data, at + 2)
        if kind == _SCAN:
            return _header(data, frame, at, exif, restarts) if frame else None
        if kind < 0xC0 or 0xD0 <= kind <= 0xD9 or kind == 0xFF or length < 2:
            return None
        if kind in _SEQUENTIAL or kind == _PROGRESSIVE:
            if frame or not _is_ordinary(data, at, length):
                return None
            frame = at
        elif kind in _OTHER_FRAMES:
            return None
        elif kind == _RESTARTS:
            restarts = True
        elif kind == _EXIF and data[at + 4 : at + 10] == b"Exif\0\0":
            if exif is not None:
                return None
            exif = bytes(data[at + 4 : at + 2 + length])
        at += 2 + length
    return None


def cut(data: bytes | memoryview, head: Header, rows: int) -> tuple[bytes | bytearray | memoryview, int]:
    """A file of which at least the first `rows` come out as they are in `data`, and its height.

    Behind its last row lie those that it no longer speaks of: a decoder meets them instead of the end.
    """
    # One unit more: smooth upsampling looks at the colours of the next row.
    height = (-(-rows // head.unit) + 1) * head.unit if head.unit else head.height
    if height >= head.height:
        return data, head.height
    shorter = bytearray(data)
    shorter[head.frame + _HEIGHT : head.frame + _WIDTH] = height.to_bytes(2, "big")
    return shorter, height


def _is_ordinary(data: bytes | memoryview, at: int, length: int) -> bool:
    """True if the frame at `at` has 8 bits, one colour or three, and a size."""
    if length < _COLOURS - 1 or at + 2 + length > len(data):
        return False
    colours = data[at + _COLOURS]
    return (
        data[at + 4] == 8 and colours in (1, 3) and length == _COLOURS - 1 + 3 * colours
        and bool(_two(data, at + _HEIGHT) and _two(data, at + _WIDTH))
    )  # fmt: skip


def _header(data: bytes | memoryview, frame: int, scan: int, exif: bytes | None, restarts: bool) -> Header:
    colours = data[frame + _COLOURS]
    one_scan = data[frame + 1] in _SEQUENTIAL and data[scan + 4 : scan + 5] == bytes([colours])
    sampling = [data[frame + _SAMPLING + 3 * colour] & 15 for colour in range(colours)]
    return Header(
        _two(data, frame + _WIDTH), _two(data, frame + _HEIGHT), colours, exif, frame,
        8 * max(sampling) if one_scan and not restarts else 0,
    )  # fmt: skip


def _two(data: bytes | memoryview, at: int) -> int:
    return data[at] << 8 | data[at + 1]
