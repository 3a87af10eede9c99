"""Preprocessing: the augmenters of a config as one record, which a checkpoint holds and prediction reads back."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from mxtrain.base.errors import ConfigError, FormatError
from mxtrain.base.random import stream_key, words
from mxtrain.data import decoders, resizers
from mxtrain.data import image as images
from mxtrain.data.augment import REGISTRY
from mxtrain.data.augmenter import Augmenter, Finish, Image, ImageSpec, Values, unchanged

_VERSION = 1
_T = TypeVar("_T", int, float)
log = logging.getLogger(__name__)
_NO_VALUES = np.empty(0, np.float32)


@dataclass(frozen=True)
class Step:
    """One augmenter with its parameters."""

    name: str
    params: Any

    @cached_property
    def augmenter(self) -> Augmenter:
        """The record that the name stands for."""
        return REGISTRY.get(self.name)


@dataclass(frozen=True)
class Preprocess:
    """Everything that happens to an image between its file and the net.

    Args:
        steps: in order; none that only makes floats (`normalize`).
        finish: pixels to floats, done last, by the feeder.
        channels: to decode to; None if samples are no images.
        size: (height, width) that every image has in the end; None if samples are no images.
        decoder: which of decoders/ decodes: as a config says, or the fastest that was installed when this was made.
        resizer: which of resizers/ scales: the fastest, likewise.
        gpu: which decodes, if it is a decoder that needs one; no part of the JSON.
    """

    steps: tuple[Step, ...] = ()
    finish: Finish = field(default_factory=Finish)
    channels: int | None = None
    size: tuple[int, int] | None = None
    decoder: str = field(default_factory=decoders.best)
    resizer: str = field(default_factory=resizers.best)
    gpu: int = field(default=0, compare=False)

    @cached_property
    def _decoder(self) -> decoders.Decoder:
        return decoders.load(self.decoder, self.gpu)

    @cached_property
    def _shrinking(self) -> int | None:
        """Index of the step that says how small an image may be decoded: the first that changes sizes."""
        probe = ImageSpec(4099, 4093, self.channels)
        for index, step in enumerate(self.steps):
            if step.augmenter.shrink:
                return index
            if step.augmenter.infer(step.params, probe)[:2] != probe[:2]:
                return None
        return None

    def decode(
        self,
        content: bytes | memoryview | Path,
        values: Sequence[Values] | None = None,
        *,
        name: str = "",
        formats: tuple[str, ...] = images.DEFAULT_FORMATS,
    ) -> Image:
        """Decode an image and run the steps on it.

        Args:
            content: bytes of a file, or its path.
            values: what was drawn for each step; None if none is random.
            name: what to call it in an error.
            formats: formats to accept.

        Returns:
            (H, W, C) uint8, before `finish`.

        Raises:
            DataError: naming the image.
        """
        drawn = values or [_NO_VALUES] * len(self.steps)
        return self.apply(self.pixels(content, drawn, name=name, formats=formats), drawn)

    def pixels(
        self,
        content: bytes | memoryview | Path,
        values: Sequence[Values],
        *,
        name: str = "",
        formats: tuple[str, ...] = images.DEFAULT_FORMATS,
    ) -> Image:
        """Decode an image, no more of it than the steps with these `values` need: the first half of `decode`."""
        shrink = bottom = None
        if self._shrinking is not None:
            step = self.steps[self._shrinking]
            shrink = _of_size(step.augmenter.shrink, step.params, values[self._shrinking])
        if self.steps:
            # The first step alone: what another leaves of rows that were not decoded would mean nothing.
            bottom = _of_size(self.steps[0].augmenter.bottom, self.steps[0].params, values[0])
        needs = images.Needs(shrink, bottom)
        channels = self.channels or 3
        return images.decode(content, channels, name=name, formats=formats, needs=needs, decoder=self._decoder)

    def apply(self, image: Image, values: Sequence[Values]) -> Image:
        """Run the steps on one image (H, W, C); `values`: one array (V,) per step."""
        with resizers.using(self.resizer):
            for step, drawn in zip(self.steps, values, strict=True):
                image = step.augmenter.apply(step.params, image, drawn)
        return image

    def apply_batch(self, batch: Image, values: Sequence[Values]) -> Image:
        """Run the steps on images of one size (N, H, W, C); `values`: one array (N, V) per step."""
        with resizers.using(self.resizer):
            for step, drawn in zip(self.steps, values, strict=True):
                change = step.augmenter
                if change.apply_batch:
                    batch = change.apply_batch(step.params, batch, drawn)
                else:
                    batch = np.stack([change.apply(step.params, i, v) for i, v in zip(batch, drawn, strict=True)])
        return batch

    def draw(self, seed: int, epoch: int, first: int, count: int) -> list[Values]:
        """What each step draws for `count` samples from position `first` of an epoch on: one (N, V) per step."""
        drawn: list[Values] = []
        for number, step in enumerate(self.steps):
            if not step.augmenter.random:
                drawn.append(np.empty((count, 0), np.float32))
                continue
            key = stream_key(seed, f"data/augment/{number}/{step.name}")
            drawn.append(step.augmenter.draw(step.params, words(key, epoch, first, count, step.augmenter.words)))
        return drawn

    def infer(self, spec: ImageSpec) -> ImageSpec:
        """Spec after all steps.

        Raises:
            ConfigError: if a step cannot work on such images.
        """
        for step in self.steps:
            spec = step.augmenter.infer(step.params, spec)
        return spec

    def replaced(self) -> tuple[str, ...]:
        """One sentence per library that should run and cannot: another takes its place."""
        found = [decoders.replacement(self.decoder)]
        if resizers.usable(self.resizer) != self.resizer:
            found.append(
                f"images were scaled by {self.resizer}, which is not installed: pillow does it; pixels may differ in "
                "the last bit (pip install 'mxtrain[fast]' brings it)"
            )
        return tuple(text for text in found if text)

    def to_json(self) -> str:
        """As JSON text; `from_json` gives an equal record back."""
        steps = [{"name": s.name, "params": dataclasses.asdict(s.params)} for s in self.steps]
        record = {"version": _VERSION, **dataclasses.asdict(dataclasses.replace(self, steps=())), "steps": steps}
        del record["gpu"]
        return json.dumps(record, indent=2)


def _of_size(
    rule: Callable[[Any, int, int, Values], _T] | None, params: Any, values: Values
) -> Callable[[int, int], _T] | None:
    """What a step says of sizes, with what was drawn for it, as a function of (height, width)."""
    return None if rule is None else lambda height, width: rule(params, height, width, values)


def prepare(steps: Sequence[Step], spec: ImageSpec | None, *, training: bool) -> Preprocess:
    """Check a list of augmenters against the images they get.

    Args:
        steps: in order. Only the last may turn pixels into floats (`normalize`, `image_record_iter`): the others work
            on uint8.
        spec: of the images; None if the samples are no images, which only `normalize` may follow.
        training: False replaces a random step by its fixed counterpart (a crop by the middle), or by none (a flip).

    Raises:
        ConfigError: all that does not fit.
    """
    problems: list[str] = []
    finish = Finish()
    chain: list[Step] = []
    for index, step in enumerate(steps):
        if step.augmenter.finish:
            if index != len(steps) - 1:
                problems.append(f"{step.name}: must be the last augmenter (others work on pixels, it makes floats)")
            finish = step.augmenter.finish(step.params)
        if _only_finishes(step):
            continue
        if spec is None:
            problems.append(f"{step.name}: works on images only, and this source gives none")
        else:
            chain.extend([step] if training else _fixed(step))
    for step in (*chain, *(s for s in steps if _only_finishes(s))):
        try:
            inferred = step.augmenter.infer(step.params, spec or ImageSpec(None, None, None))
            spec = inferred if spec else None
        except ConfigError as error:
            problems.extend(error.problems)
            break
    if spec and not problems and (spec.height is None or spec.width is None):
        problems.append(
            f"images of different sizes ({spec}) cannot form a batch; end `augment` "
            "with a step that gives one size: resize with size, center_crop, random_crop, random_resized_crop"
        )
    if problems:
        raise ConfigError(problems)
    if spec is None or spec.height is None or spec.width is None:
        return Preprocess((), finish)
    return Preprocess(tuple(chain), finish, spec.channels, (spec.height, spec.width))


def _only_finishes(step: Step) -> bool:
    return step.augmenter.finish is not None and step.augmenter.apply is unchanged


def _fixed(step: Step) -> list[Step]:
    if not step.augmenter.random:
        return [step]
    replacement = step.augmenter.at_eval(step.params) if step.augmenter.at_eval else ()
    return [Step(name, REGISTRY.get(name).params(**params)) for name, params in replacement]


def from_json(text: str) -> Preprocess:
    """The record that `to_json` wrote. Needs nothing but the text. A library that is missing is logged as a warning.

    Raises:
        FormatError: if it is damaged, newer than this program, or names an augmenter that is not here.
    """
    try:
        record = json.loads(text)
        if record["version"] != _VERSION:
            raise FormatError(f"preprocessing: version {record['version']}, this program reads version {_VERSION}")
        steps = tuple(Step(s["name"], REGISTRY.get(s["name"]).params(**s["params"])) for s in record["steps"])
        numbers = record["finish"]
        finish = Finish(_numbers(numbers["mean"]), _numbers(numbers["std"]), float(numbers["scale"]))
        if not (
            finish.std and all(0 < s < math.inf for s in finish.std) and np.isfinite([*finish.mean, finish.scale]).all()
        ):
            raise FormatError(f"preprocessing: mean, std and scale must be finite, std above 0, got {numbers}")
        size = record["size"]
        channels = record["channels"]
        made = Preprocess(
            steps,
            finish,
            None if channels is None else int(channels),
            None if size is None else (int(size[0]), int(size[1])),
            str(record["decoder"]),
            str(record.get("resizer", "pillow")),
        )
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, ValidationError, ConfigError) as error:
        raise FormatError(f"preprocessing: not what mxtrain writes: {error}") from error
    for notice in made.replaced() if made.size else ():
        log.warning("%s", notice)
    return made


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
