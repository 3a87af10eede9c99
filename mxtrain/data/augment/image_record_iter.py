"""image_record_iter: what MXNet 1.9.1's ImageRecordIter does to an image, under its names. It must be the last entry.

The order is MXNet's: channels, resize, one affine step (slant, turn, scale, aspect ratio), pad, crop, brightness with
contrast and saturation in a random order, hue with lightness and saturation, PCA noise, mirror, and
y = ((x - mean) * contrast + illumination) * scale / std. Images are scaled as OpenCV does, not antialiased, and decoded
in full size, as MXNet does. Different are: random numbers; the random contrast and illumination, whose result is
rounded to whole pixel values from 0 to 255 before mean, scale and std; a square that is cut is at most as large as the
image; the orientation that EXIF asks for is applied.
In evaluation what is random is left out and the middle is cut, and random_resized_crop without a resize scales the
shorter edge to the larger side of data_shape / 0.875 first.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from mxtrain.base.errors import ConfigError
from mxtrain.data.augment import _record_choices, _record_steps
from mxtrain.data.augment._record_params import Params
from mxtrain.data.augmenter import Augmenter, Finish, Image, ImageSpec, Values

_EVAL_MARGIN = 0.875


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """The data_shape.

    Raises:
        ConfigError: if the images have neither 1 nor 3 channels.
    """
    if spec.channels not in (None, 1, 3):
        raise ConfigError(
            f"image_record_iter: works on images with 1 or 3 channels, these have {spec.channels}; "
            "put gray or color before it"
        )
    channels, height, width = params.data_shape
    return ImageSpec(height, width, channels)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (h, w, c) of data_shape; values: as drawn."""
    return _record_steps.run(params, image, _record_choices.choose(params, values))


def bottom(params: Params, height: int, width: int, values: Values) -> int:
    """Where the window of random_resized_crop ends."""
    return _record_steps.bottom(params, height, width, _record_choices.choose(params, values))


def at_eval(params: Params) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The same without chance."""
    given = dataclasses.asdict(params)
    if params.random_resized_crop and params.resize == -1:
        given["resize"] = round(max(params.data_shape[1:]) / _EVAL_MARGIN)
    return (("image_record_iter_eval", given),)


def finish(params: Params) -> Finish:
    """Mean, std and scale of the channels of data_shape."""
    stds = (params.std_r, params.std_g, params.std_b)
    return Finish(_record_steps.means(params), stds[: params.data_shape[0]], params.scale)


AUGMENTER = Augmenter(
    Params, infer, apply, words=_record_choices.WORDS, draw=_record_choices.draw, at_eval=at_eval, bottom=bottom,
    finish=finish,
)  # fmt: skip
