"""Pixels between pixels: images read at any place, by linear interpolation. Array code of reference kernels.

Images are (N, C, H, W), places y and x (N, P), in pixels; outside the image everything is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Corner(NamedTuple):
    """One of the four pixels around every place, (N, P) each.

    Args:
        index: the pixel, row by row; any inside the image where it lies outside.
        y: its weight along the rows; 0 outside the image.
        x: its weight along the columns.
        down: derivative of `y` by the place.
        right: derivative of `x` by the place.
    """

    index: Any
    y: Any
    x: Any
    down: Any
    right: Any


def corners(xp: Any, y: Any, x: Any, height: int, width: int) -> Iterator[Corner]:
    """The four pixels around places."""
    top, left = xp.floor(y), xp.floor(x)
    for i in (0, 1):
        row = top + i
        in_rows = (row >= 0) & (row < height)
        for j in (0, 1):
            column = left + j
            inside = (in_rows & (column >= 0) & (column < width)).astype(y.dtype)
            index = xp.clip(row, 0, height - 1) * width + xp.clip(column, 0, width - 1)
            wy, wx = y - top if i else 1 - (y - top), x - left if j else 1 - (x - left)
            yield Corner(index.astype(xp.int64), wy * inside, wx, inside * (2 * i - 1), wx * 0 + (2 * j - 1))


def sample(xp: Any, image: Any, y: Any, x: Any) -> Any:
    """(N, C, P): the image at places."""
    n, c, h, w = image.shape
    flat, total = image.reshape(n, c, h * w), 0
    for corner in corners(xp, y, x, h, w):
        total = total + xp.take_along_axis(flat, corner.index[:, None], axis=2) * (corner.y * corner.x)[:, None]
    return total


def sample_backward(xp: Any, dy: Any, image: Any, y: Any, x: Any) -> tuple[Any, Any, Any]:
    """Gradients towards the image, y and x from dy (N, C, P)."""
    n, c, h, w = image.shape
    flat, total = image.reshape(n, c, h * w), xp.zeros(n * c * h * w, dy.dtype)
    first = (xp.arange(n * c) * (h * w)).reshape(n, c, 1)
    down, right = 0, 0
    for corner in corners(xp, y, x, h, w):
        xp.add.at(total, (first + corner.index[:, None]).reshape(-1), (dy * (corner.y * corner.x)[:, None]).reshape(-1))
        along = (dy * xp.take_along_axis(flat, corner.index[:, None], axis=2)).sum(axis=1)
        down, right = down + along * corner.down * corner.x, right + along * corner.y * corner.right
    return total.reshape(image.shape), down, right


def sample_grid(xp: Any, image: Any, grid: Any) -> Any:
    """(N, C, O, P): the image at the places of a grid (N, 2, O, P): x, y, from -1 to 1."""
    n, _, o, p = grid.shape
    return sample(xp, image, *places(grid, image)).reshape(n, image.shape[1], o, p)


def places(grid: Any, image: Any) -> tuple[Any, Any]:
    """(y, x) in pixels of a grid (N, 2, O, P)."""
    (h, w), n = image.shape[2:], grid.shape[0]
    x, y = grid[:, 0].reshape(n, -1), grid[:, 1].reshape(n, -1)
    return (y + 1) * ((h - 1) / 2), (x + 1) * ((w - 1) / 2)


def sample_grid_backward(xp: Any, dy: Any, image: Any, grid: Any) -> tuple[Any, Any]:
    """Gradients towards the image and the grid."""
    n, c, h, w = image.shape
    dimage, down, right = sample_backward(xp, dy.reshape(n, c, -1), image, *places(grid, image))
    return dimage, xp.stack([right * ((w - 1) / 2), down * ((h - 1) / 2)], axis=1).reshape(grid.shape)


def affine_points(xp: Any, height: int, width: int, dtype: Any) -> Any:
    """(3, H W): x and y from -1 to 1, and 1, of every place of an image."""
    y, x = (2 * xp.arange(s, dtype=dtype) / (s - 1) - 1 for s in (height, width))
    x, y = xp.broadcast_arrays(x[None, :], y[:, None])
    return xp.stack([x, y, xp.ones_like(x)]).reshape(3, -1)


def affine_grid(xp: Any, matrix: Any, height: int, width: int) -> Any:
    """The grid (N, 2, H, W) that matrices (N, 6) make."""
    points = affine_points(xp, height, width, matrix.dtype)
    return xp.matmul(matrix.reshape(-1, 2, 3), points).reshape(-1, 2, height, width)


def affine_grid_backward(xp: Any, dgrid: Any) -> Any:
    """The gradient towards the matrices (N, 6)."""
    points = affine_points(xp, dgrid.shape[2], dgrid.shape[3], dgrid.dtype)
    return xp.matmul(dgrid.reshape(-1, 2, points.shape[1]), points.T).reshape(-1, 6)
