"""normalize: y = (x - mean) / std * scale, once per batch, where pixels become floats. It must be the last entry."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.data.augmenter import Augmenter, Finish, ImageSpec


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Above0 = Annotated[float, Field(gt=0)]
Numbers = Annotated[
    tuple[float, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=float | Annotated[tuple[float, ...], Field(min_length=1)]),
]
Positive = Annotated[
    tuple[_Above0, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=_Above0 | Annotated[tuple[_Above0, ...], Field(min_length=1)]),
]


@declare
class Params:
    """Turn pixels (0 to 255) into floats. `std: 255` alone gives x / 255."""

    mean: Numbers = param((0.0,), doc="subtracted, in units of the pixels: one number, or one per channel")
    std: Positive = param((1.0,), doc="divided by, in units of the pixels: one number, or one per channel")
    scale: float = param(1.0, gt=0, doc="multiplied last")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if mean or std has neither one number nor one per channel.
    """
    for name, numbers in (("mean", params.mean), ("std", params.std)):
        if len(numbers) != 1 and len(numbers) != spec.channels:
            have = (
                "no channels" if spec.channels is None else f"{spec.channels} channel{'s' if spec.channels > 1 else ''}"
            )
            raise ConfigError(
                f"normalize: {name} has {len(numbers)} numbers, the samples have {have}; give one, or one per channel"
            )
    return spec


def finish(params: Params) -> Finish:
    """The conversion that the feeder does."""
    return Finish(params.mean, params.std, params.scale)


AUGMENTER = Augmenter(Params, infer, finish=finish)
