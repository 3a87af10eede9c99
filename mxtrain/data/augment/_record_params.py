"""The names that MXNet 1.9.1's ImageRecordIter gives to augmentation and normalization, with its defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mxtrain.base.params import declare, param

_JITTERS = ("brightness", "contrast", "saturation", "pca_noise", "random_h", "random_s", "random_l")
_SCALES = {"min_random_scale": 1.0, "max_random_scale": 1.0}
_AFFINE = {"max_rotate_angle": 0, "max_shear_ratio": 0.0, "rotate_list": (), **_SCALES}
_NOT_RESIZED_CROP = {"rand_crop": False, **_SCALES, "min_crop_size": -1, "max_crop_size": -1}
_WHOLE = 1e10


def _listed(value: Any) -> Any:
    """`(3, 224, 224)`, `3,224,224` and a lone number as lists: MXNet's users write all of them."""
    if isinstance(value, str):
        return [part.strip() for part in value.strip().strip("()[]").split(",") if part.strip()]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


_Length = Annotated[int, Field(ge=1)]
Shape = Annotated[
    tuple[_Length, _Length, _Length],
    BeforeValidator(_listed, json_schema_input_type=tuple[_Length, _Length, _Length] | str),
]
_Angle = Annotated[int, Field(ge=-360, le=360)]
Angles = Annotated[tuple[_Angle, ...], BeforeValidator(_listed, json_schema_input_type=tuple[int, ...] | int | str)]


@declare
class Params:
    """Augmentation and normalization under the names and with the defaults of MXNet's ImageRecordIter."""

    data_shape: Shape = param(doc="(channels, height, width) of the result; 1 channel makes images gray, 3 makes RGB")
    resize: int = param(-1, ge=-1, le=32766, doc="length of the shorter edge, before all else; -1: as it is")
    rand_crop: bool = param(False, doc="cut at a random place, not in the middle")
    random_resized_crop: bool = param(False, doc="cut a window of random area and proportions and scale it")
    max_rotate_angle: int = param(0, ge=0, le=360, doc="turn by a random whole number of degrees in [-v, v]")
    max_aspect_ratio: float = param(
        0.0, ge=0, le=1000, doc="largest width / height; without min_aspect_ratio v stands for [1 - v, 1 + v]"
    )
    min_aspect_ratio: float | None = param(None, ge=0.001, le=1000, doc="smallest width / height")
    max_shear_ratio: float = param(0.0, ge=0, le=100, doc="slant by a random ratio in [-v, v]")
    max_crop_size: int = param(-1, ge=-1, doc="largest side of a square that is cut and scaled; -1: data_shape is cut")
    min_crop_size: int = param(-1, ge=-1, doc="smallest side of it")
    max_random_scale: float = param(1.0, ge=0.001, le=100, doc="largest factor of width and height")
    min_random_scale: float = param(1.0, ge=0.001, le=100, doc="smallest factor of width and height")
    max_random_area: float = param(1.0, gt=0, le=100, doc="with random_resized_crop: largest part of the image's area")
    min_random_area: float = param(1.0, gt=0, le=100, doc="with random_resized_crop: smallest part of the image's area")
    max_img_size: float = param(_WHOLE, ge=1, doc="largest width and height after turning and scaling")
    min_img_size: float = param(0.0, ge=0, le=32766, doc="smallest width and height after turning and scaling")
    brightness: float = param(0.0, ge=0, doc="random factor in [1 - v, 1 + v]")
    contrast: float = param(0.0, ge=0, doc="random factor in [1 - v, 1 + v]")
    saturation: float = param(0.0, ge=0, doc="random factor in [1 - v, 1 + v]")
    pca_noise: float = param(0.0, ge=0, doc="standard deviation of noise along the principal axes of ImageNet's colors")
    random_h: int = param(0, ge=0, le=180, doc="random number in [-v, v] added to the hue (0 to 180)")
    random_s: int = param(0, ge=0, le=255, doc="random number in [-v, v] added to the saturation (0 to 255)")
    random_l: int = param(0, ge=0, le=255, doc="random number in [-v, v] added to the lightness (0 to 255)")
    rotate: int = param(
        -1, ge=-1, le=360, doc="turn by this angle in degrees, instead of max_rotate_angle, if it is above 0"
    )
    rotate_list: Angles = param((), doc="turn by one of these angles in degrees; before rotate and max_rotate_angle")
    fill_value: int = param(255, ge=0, le=255, doc="value of pixels from outside the image")
    inter_method: Literal[0, 1, 2, 3, 4, 9, 10] = param(
        1, doc="0 nearest, 1 bilinear, 2 cubic, 3 area, 4 Lanczos, 9 by the sizes, 10 at random; none antialiased but 3"
    )
    pad: int = param(0, ge=0, le=32766, doc="border of fill_value on each side, before the crop")
    mirror: bool = param(False, doc="always exchange left and right")
    rand_mirror: bool = param(False, doc="exchange left and right in half of the images")
    mean_r: float = param(0.0, doc="subtracted from red, or from gray")
    mean_g: float = param(0.0, doc="subtracted from green")
    mean_b: float = param(0.0, doc="subtracted from blue")
    std_r: float = param(1.0, gt=0, doc="red, or gray, is divided by this")
    std_g: float = param(1.0, gt=0, doc="green is divided by this")
    std_b: float = param(1.0, gt=0, doc="blue is divided by this")
    scale: float = param(1.0, gt=0, doc="multiplied last")
    max_random_contrast: float = param(0.0, ge=0, doc="random factor in [1 - v, 1 + v] of what is left after the mean")
    max_random_illumination: float = param(0.0, ge=0, doc="random number in [-v, v] added then")

    @model_validator(mode="after")
    def _as_mxnet_allows(self) -> Self:
        wrong = [*_conflicts(self), *_ranges(self)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def ratios(params: Params) -> tuple[float, float]:
    """Smallest and largest width / height."""
    if params.min_aspect_ratio is not None:
        return params.min_aspect_ratio, params.max_aspect_ratio
    return 1 - params.max_aspect_ratio, 1 + params.max_aspect_ratio


def warps(params: Params) -> bool:
    """True if images are turned, slanted, stretched or scaled in one affine step."""
    free = params.random_resized_crop or ratios(params) == (1.0, 1.0)
    return (
        params.rotate > 0
        or any(getattr(params, name) != off for name, off in _AFFINE.items())
        or not free
        or (params.min_img_size, params.max_img_size) != (0.0, _WHOLE)
    )


def _conflicts(params: Params) -> list[str]:
    wrong = []
    if params.random_resized_crop:
        given = [name for name, off in _NOT_RESIZED_CROP.items() if getattr(params, name) != off]
        if given:
            wrong.append(
                f"random_resized_crop conflicts with {', '.join(given)}, as in MXNet; leave out one or the other"
            )
    if params.data_shape[0] == 1:
        given = [n for n in _JITTERS if getattr(params, n)]
        if given:
            wrong.append(
                f"{', '.join(given)}: for colors, and data_shape asks for gray images; use 3 channels or remove"
            )
    if params.inter_method == 0 and warps(params):
        wrong.append(
            "inter_method 0 (nearest) cannot turn, stretch or scale at random, as in MXNet; use 1, 2, 3, 4 or 9"
        )
    return wrong


def _ranges(params: Params) -> list[str]:
    wrong = []
    if params.data_shape[0] not in (1, 3):
        wrong.append(f"data_shape: images are decoded to 1 or 3 channels, {params.data_shape[0]} are asked for")
    if params.resize == 0:
        wrong.append("resize: must be -1 (none) or at least 1, got 0")
    low, high = ratios(params)
    if low <= 0 or high < low:
        wrong.append(
            f"min_aspect_ratio, max_aspect_ratio: they stand for [{low:g}, {high:g}], which must rise and lie above 0"
        )
    if params.min_random_area > params.max_random_area:
        wrong.append(f"min_random_area {params.min_random_area:g} is above max_random_area {params.max_random_area:g}")
    sides = (params.min_crop_size, params.max_crop_size)
    if sides != (-1, -1) and not 1 <= sides[0] <= sides[1]:
        wrong.append(f"min_crop_size {sides[0]}, max_crop_size {sides[1]}: give both, the smaller first, from 1 on")
    if params.min_img_size > params.max_img_size:
        wrong.append(f"min_img_size {params.min_img_size:g} is above max_img_size {params.max_img_size:g}")
    return wrong
