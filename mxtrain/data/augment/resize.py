"""resize: scale to an exact size, or until the shorter edge has a length."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _pixels
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Size, Values


@declare
class Params:
    """Scale an image."""

    shorter_edge: int | None = param(None, ge=1, doc="length of the shorter edge; the other keeps the proportions")
    size: Size | None = param(None, doc="exact (height, width); the proportions may change")
    method: _pixels.Method = param("bilinear", doc="interpolation; all but nearest are antialiased")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.shorter_edge is None) == (self.size is None):
            raise ValueError("give either shorter_edge (a length) or size (height, width)")
        return self


def _target(params: Params, height: int, width: int) -> tuple[int, int]:
    if params.size is not None:
        return params.size
    edge = params.shorter_edge or 1
    if height <= width:
        return edge, max(edge, round(width * edge / height))
    return max(edge, round(height * edge / width)), edge


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """The exact size, or what follows from a known size; else unknown."""
    if params.size is not None:
        return ImageSpec(*params.size, spec.channels)
    if spec.height is None or spec.width is None:
        return ImageSpec(None, None, spec.channels)
    return ImageSpec(*_target(params, spec.height, spec.width), spec.channels)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H', W', C)."""
    return _pixels.resize(image, _target(params, *image.shape[:2]), params.method)


def shrink(params: Params, height: int, width: int, values: Values) -> float:
    """How many times larger than its result the image is."""
    target = _target(params, height, width)
    return min(height / target[0], width / target[1])


AUGMENTER = Augmenter(Params, infer, apply, shrink=shrink)
