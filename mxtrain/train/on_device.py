"""What of a config's augmentation a device does: a window of each image and mirrors, drawn as on the host."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mxtrain.data.augmenter import ImageSpec, Window
from mxtrain.data.pipeline import Preprocess, Step


@dataclass(frozen=True)
class OnDevice:
    """The last steps of a preprocessing, which the host leaves out.

    Args:
        whole: the preprocessing.
        host: that of the host.
        spec: of the images that the host gives.
        size: (height, width) that the net sees.
        border, fill: as a Window's.
    """

    whole: Preprocess
    host: Preprocess
    spec: ImageSpec
    size: tuple[int, int]
    border: tuple[int, int]
    fill: int

    def places(self, seed: int, epoch: int, first: int, count: int) -> NDArray[np.int32]:
        """(N, 4) top, left, and whether mirrored left and right, up and down, for `count` samples from `first` on."""
        found = np.zeros((count, 4), np.int32)
        drawn = self.whole.draw(seed, epoch, first, count)
        start = len(self.host.steps)
        for step, values in zip(self.whole.steps[start:], drawn[start:], strict=True):
            if step.augmenter.window is not None:
                window = step.augmenter.window(step.params, self.spec, values)
                if window is not None:
                    found[:, :2] = window.places
            elif step.augmenter.mirror is not None:
                found[:, 2:] = step.augmenter.mirror(step.params, values)
        return found


def device_part(whole: Preprocess, spec: ImageSpec | None) -> OnDevice | None:
    """What a device can do of a preprocessing: a crop, a flip, or a flip after a crop, at its end; None if nothing.

    Args:
        spec: of the images that it gets; None if there are none.
    """
    if spec is None:
        return None
    for count in (2, 1):
        steps = whole.steps[len(whole.steps) - count :] if len(whole.steps) >= count else ()
        kept = whole.steps[: len(whole.steps) - count]
        before = _inferred(kept, spec)
        if not steps or None in before:
            continue
        window = _window(steps[0], before)
        mirrors = steps[1:] if window is not None else steps
        if count == 2 and window is None or any(s.augmenter.mirror is None for s in mirrors):
            continue
        height, width = before.height or 0, before.width or 0
        size, border, fill = ((height, width), (0, 0), 0) if window is None else window[:3]
        return OnDevice(whole, replace(whole, steps=kept, size=(height, width)), before, size, border, fill)
    return None


def _inferred(steps: tuple[Step, ...], spec: ImageSpec) -> ImageSpec:
    for step in steps:
        spec = step.augmenter.infer(step.params, spec)
    return spec


def _window(step: Step, spec: ImageSpec) -> Window | None:
    cut = step.augmenter.window
    return None if cut is None else cut(step.params, spec, np.zeros((1, step.augmenter.words), np.float32))
