"""Boxes (left, top, right, bottom), as MXNet's operators for detection reckon with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

Variances = Annotated[tuple[float, ...], Field(min_length=4, max_length=4)]
"""By which offsets of centre (x, y) and of size (width, height) are divided."""

Format = Literal["corner", "center"]
"""corner: (left, top, right, bottom); center: (x, y, width, height), x and y being the middle."""


def overlaps(xp: Any, a: Any, b: Any) -> Any:
    """Intersection over union of every box of a (A, 4) with every box of b (B, 4): (A, B); 0 where both are empty."""
    a, b = a[:, None, :], b[None, :, :]
    width = xp.maximum(0, xp.minimum(a[..., 2], b[..., 2]) - xp.maximum(a[..., 0], b[..., 0]))
    height = xp.maximum(0, xp.minimum(a[..., 3], b[..., 3]) - xp.maximum(a[..., 1], b[..., 1]))
    both = width * height
    union = area(a) + area(b) - both
    return xp.where(union > 0, both / xp.where(union > 0, union, 1), 0)


def survivors(xp: Any, boxes: Any, too_much: Callable[[Any], Any], classes: Any = None) -> Any:
    """Which of boxes (B, 4), the best first, stay where each makes those after it go that it overlaps too much: (B,).

    Row by row: the overlaps of all with all would not fit into memory for the boxes of a whole image.

    Args:
        too_much: overlaps (N,) -> whether that is too much.
        classes: of the boxes, (B,): only those of the same class make each other go.
    """
    stays = xp.ones(len(boxes), bool)
    for i in range(len(boxes) - 1):
        if stays[i]:
            goes = too_much(overlaps(xp, boxes[i : i + 1], boxes[i + 1 :])[0])
            stays[i + 1 :] &= ~(goes if classes is None else goes & (classes[i + 1 :] == classes[i]))
    return stays


def area(box: Any) -> Any:
    """Width times height."""
    return (box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1])


def corners(xp: Any, box: Any) -> Any:
    """(left, top, right, bottom) of boxes (..., 4) given as (x, y, width, height), x and y being the middle."""
    half = box[..., 2:] / 2
    return xp.concatenate([box[..., :2] - half, box[..., :2] + half], axis=-1)


def middles(xp: Any, box: Any) -> Any:
    """The inverse of `corners`."""
    return xp.concatenate([*centred(xp, box)], axis=-1)


def centred(xp: Any, box: Any) -> tuple[Any, Any]:
    """(centres (..., 2), sizes (..., 2)) of boxes (..., 4)."""
    return (box[..., :2] + box[..., 2:]) / 2, box[..., 2:] - box[..., :2]


def encode(xp: Any, anchors: Any, boxes: Any, variances: Variances) -> Any:
    """What has to be predicted at anchors (A, 4) for boxes (A, 4)."""
    at, size = centred(xp, anchors)
    want, large = centred(xp, boxes)
    v = xp.asarray(variances, dtype=anchors.dtype)
    return xp.concatenate([(want - at) / size / v[:2], xp.log(large / size) / v[2:]], axis=-1)


def decode(xp: Any, anchors: Any, predicted: Any, variances: Variances) -> Any:
    """The inverse of `encode`."""
    at, size = centred(xp, anchors)
    v = xp.asarray(variances, dtype=anchors.dtype)
    centre = predicted[..., :2] * v[:2] * size + at
    half = xp.exp(predicted[..., 2:] * v[2:]) * size / 2
    return xp.concatenate([centre - half, centre + half], axis=-1)
