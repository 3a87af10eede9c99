"""The header of an image record, as MXNet 1.9.1 packs it.

    u32 flag | f32 label | u64 id | u64 id2 | flag x f32 labels | payload

Flag 0: the one label is in `label`. Otherwise flag is the number of labels that follow, and `label` is 0.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from recordio.errors import HeaderError

LAYOUT = struct.Struct("<IfQQ")
MAX_LABELS = 1 << 20
"""A record that says it has more is taken for one that is not an image record."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of an image.

    Args:
        label: one label; or several, also a single one in a tuple, which MXNet tells apart.
        id: number of the image, the key of the `.idx` and the `.lst`.
        id2: 0, unless the writer had a use for it.
    """

    label: float | tuple[float, ...]
    id: int
    id2: int = 0


def pack(header: Header, payload: bytes | bytearray | memoryview) -> bytes:
    """An image record: header, labels, payload. Labels become float32.

    Raises:
        HeaderError: for a label or id that does not fit, or more than MAX_LABELS labels, or none.
    """
    several = isinstance(header.label, Sequence)
    labels: Sequence[float] = header.label if isinstance(header.label, Sequence) else ()
    if several and not 1 <= len(labels) <= MAX_LABELS:
        raise HeaderError(f"an image record has 1 to {MAX_LABELS} labels, got {len(labels)}")
    try:
        fixed = LAYOUT.pack(len(labels), 0.0 if several else header.label, header.id, header.id2)
        return b"".join((fixed, struct.pack(f"<{len(labels)}f", *labels), payload))
    except (struct.error, OverflowError) as error:
        raise HeaderError(
            f"labels must fit float32, id and id2 an unsigned 64-bit number: {error}; got {header}"
        ) from None


def unpack(record: bytes | bytearray | memoryview) -> tuple[Header, memoryview]:
    """The header of an image record, and a view of what follows it.

    Raises:
        HeaderError: if the record is too short for a header and the labels that it announces.
    """
    view = memoryview(record)
    if len(view) < LAYOUT.size:
        raise HeaderError(f"not an image record: expected at least {LAYOUT.size} bytes, got {len(view)}")
    flag, label, id, id2 = LAYOUT.unpack_from(view)
    if not flag:
        return Header(label, id, id2), view[LAYOUT.size :]
    room = (len(view) - LAYOUT.size) // 4
    if flag > min(room, MAX_LABELS):
        raise HeaderError(f"not an image record: it announces {flag} labels, and has room for {min(room, MAX_LABELS)}")
    labels: tuple[float, ...] = struct.unpack_from(f"<{flag}f", view, LAYOUT.size)
    return Header(labels, id, id2), view[LAYOUT.size + 4 * flag :]
