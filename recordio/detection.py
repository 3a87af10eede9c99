"""The labels of a detection record, as ImageDetRecordIter reads them.

    A, B, extra ... | class, xmin, ymin, xmax, ymax, extra ... | the next object | ...

A: numbers in front of the objects, itself among them. B: numbers per object. Coordinates are fractions of width and
height, and real files have some outside 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from recordio.errors import HeaderError

LEAST_HEADER, LEAST_OBJECT = 2, 5


@dataclass(frozen=True)
class Detection:
    """What a detection record's labels say.

    Args:
        extra: numbers in front of the objects, A and B left out; most files have width and height here.
        objects: of each object class, xmin, ymin, xmax, ymax, and what else the file has.
    """

    extra: tuple[float, ...]
    objects: tuple[tuple[float, ...], ...]

    def labels(self) -> tuple[float, ...]:
        """The labels again.

        Raises:
            HeaderError: if there are no objects, or they differ in length or are too short.
        """
        widths = {len(numbers) for numbers in self.objects}
        if len(widths) != 1 or min(widths) < LEAST_OBJECT:
            raise HeaderError(
                f"expected one object or more, all of the same length, at least {LEAST_OBJECT}; got {sorted(widths)}"
            )
        head = float(LEAST_HEADER + len(self.extra)), float(widths.pop())
        return (*head, *self.extra, *chain.from_iterable(self.objects))


def parse_detection(labels: Sequence[float]) -> Detection:
    """The objects that a detection record's labels describe.

    Raises:
        HeaderError: saying which rule they break.
    """
    numbers = tuple(labels)
    if len(numbers) < LEAST_HEADER + LEAST_OBJECT:
        raise HeaderError(f"not detection labels: expected at least 7 numbers, got {len(numbers)}")
    header, width = numbers[:2]
    if not (header.is_integer() and width.is_integer() and header >= LEAST_HEADER and width >= LEAST_OBJECT):
        raise HeaderError(
            f"not detection labels: expected a header width of at least 2 and an object width of at least 5, "
            f"got {header:g} and {width:g}"
        )
    start, step = int(header), int(width)
    if start >= len(numbers) or (len(numbers) - start) % step:
        raise HeaderError(
            f"not detection labels: expected {start} numbers and then objects of {step}, got {len(numbers)} in all"
        )
    objects = tuple(numbers[at : at + step] for at in range(start, len(numbers), step))
    return Detection(numbers[2:start], objects)
