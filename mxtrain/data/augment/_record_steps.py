"""What image_record_iter does to one image, in MXNet 1.9.1's order: resize, affine, pad, crop, colors, mirror."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mxtrain.data.augment import _colors, _opencv, _opencv_colors, _pixels
from mxtrain.data.augment._record_choices import Choices
from mxtrain.data.augment._record_params import Params, warps
from mxtrain.data.augmenter import Image

_JITTERS = (_opencv_colors.brightened, _opencv_colors.contrasted, _opencv_colors.saturated)


def run(params: Params, image: Image, choices: Choices) -> Image:
    """(H, W, C) -> (h, w, c) of data_shape."""
    image = _with_channels(image, params.data_shape[0])
    if params.resize != -1:
        image = _scaled(image, _shorter_edge(image, params.resize), choices.methods[0])
    if warps(params):
        image = _warped(params, image, choices)
    image = _pixels.widened(image, (params.pad, params.pad), params.fill_value)
    image = _cropped(params, image, choices)
    image = _recolored(params, image, choices)
    return image[:, ::-1] if choices.mirror else image


def bottom(params: Params, height: int, width: int, choices: Choices) -> int:
    """How many rows of an image are read: those of a window of random_resized_crop if nothing comes before it."""
    window = _window(height, width, choices)
    if window is None or params.resize != -1 or warps(params) or params.pad:
        return height
    return _corner(height, width, window, choices.place)[0] + window[0]


def means(params: Params) -> tuple[float, ...]:
    """One per channel of data_shape."""
    return (params.mean_r, params.mean_g, params.mean_b)[: params.data_shape[0]]


def _with_channels(image: Image, channels: int) -> Image:
    if image.shape[2] == channels:
        return image
    return _colors.luma(image)[:, :, None] if channels == 1 else np.repeat(image, 3, axis=2)


def _shorter_edge(image: Image, edge: int) -> tuple[int, int]:
    height, width = image.shape[:2]
    return (edge * height // width, edge) if height > width else (edge, edge * width // height)


def _scaled(image: Image, size: tuple[int, int], method: int) -> Image:
    return _opencv.resize(image, size, _opencv.chosen(method, image.shape[:2], size))


def _warped(params: Params, image: Image, choices: Choices) -> Image:
    """One affine step about the middle; MXNet counts in single precision, and so does this."""
    height, width = image.shape[:2]
    single = np.float32
    cos, sin = (single(v) for v in _opencv.turned(choices.angle))
    across = single(2 * choices.scale / (1 + choices.ratio))
    along = single(choices.ratio) * across
    shear = single(choices.shear)
    linear = np.array(
        [
            [across * cos - shear * sin * along, across * sin + shear * cos * along],
            [-sin * along, cos * along],
        ],
        np.float32,
    )
    new = [
        max(single(params.min_img_size), min(single(params.max_img_size), single(choices.scale) * single(side)))
        for side in (width, height)
    ]
    shift = (np.array(new, np.float32) - linear @ np.array([width, height], np.float32)) / 2
    matrix: NDArray[np.float64] = np.column_stack([linear, shift]).astype(np.float64)
    size = (max(1, int(new[1])), max(1, int(new[0])))
    method = _opencv.chosen(choices.methods[1], (height, width), size)
    return _opencv.warp(image, matrix, size, method, params.fill_value)


def _cropped(params: Params, image: Image, choices: Choices) -> Image:
    height, width = image.shape[:2]
    size = params.data_shape[1:]
    box = _window(height, width, choices)
    place = choices.place if params.rand_crop or box else None
    if box is None and choices.crop is not None:
        side = min(choices.crop, height, width)
        box = (side, side)
    if box is None:
        image = _enlarged(image, size, choices.methods[2])
        box = size
    top, left = _corner(image.shape[0], image.shape[1], box, place)
    return _scaled(image[top : top + box[0], left : left + box[1]], size, choices.methods[2])


def _window(height: int, width: int, choices: Choices) -> tuple[int, int] | None:
    """(height, width) of the first window of random_resized_crop that fits; None if there is none."""
    for window in choices.windows:
        area = height * width * window.area
        h, w = round((area / window.ratio) ** 0.5), round((area * window.ratio) ** 0.5)
        if window.exchanged:
            h, w = w, h
        if 1 <= h <= height and 1 <= w <= width:
            return h, w
    return None


def _enlarged(image: Image, size: tuple[int, int], method: int) -> Image:
    """The image itself if it covers `size`, else scaled up until it does."""
    method = _opencv.chosen(method, image.shape[:2], size)
    for axis, want in enumerate(size):
        have, other = image.shape[axis], image.shape[1 - axis]
        if have < want:
            longer = int(np.float32(want) / np.float32(have) * np.float32(other))
            image = _opencv.resize(image, (want, longer) if axis == 0 else (longer, want), method)
    return image


def _corner(height: int, width: int, box: tuple[int, int], place: tuple[float, float] | None) -> tuple[int, int]:
    rooms = (height - box[0], width - box[1])
    if place is None:
        return rooms[0] // 2, rooms[1] // 2
    return int(place[0] * (rooms[0] + 1)), int(place[1] * (rooms[1] + 1))


def _recolored(params: Params, image: Image, choices: Choices) -> Image:
    for what, factor in choices.jitter:
        image = _JITTERS[what](image, factor)
    if choices.hls:
        image = _opencv_colors.shifted_hls(image, *choices.hls)
    if any(choices.color):
        image = np.clip(image + np.array(choices.color, np.float32), 0, 255).astype(np.uint8)
    if choices.contrast != 1 or choices.illumination != 0:
        mean = np.array(means(params), np.float32)
        floats = (image - mean) * np.float32(choices.contrast) + np.float32(choices.illumination) + mean
        image = np.clip(np.rint(floats), 0, 255).astype(np.uint8)
    return image
