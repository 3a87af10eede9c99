"""Finisher: pixels to floats for places that are written again and again, by the fast library where it can."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.data.augmenter import Finish

MOST = 16
"""Places and kinds of samples whose calls are kept."""


class Finisher:
    """Applies a `Finish`, to the same bits as its own loops.

    Args:
        finish: what is done.
        device: whose kernels may do it.
    """

    def __init__(self, finish: Finish, device: Device = REFERENCE) -> None:
        self.finish = finish
        self._fast = "onednn" in device.kernels and device.runtime is None and onednn.available()
        self._made: dict[Any, onednn.Pixels | None] = {}

    def write(self, samples: NDArray[Any], target: NDArray[np.float32]) -> None:
        """Write the floats of samples.

        Args:
            samples: images (n, H, W, C) uint8, or floats in the axes of the target.
            target: (n, C, H, W) for images, else as the samples.
        """
        images = samples.dtype == np.uint8 and samples.ndim == 4
        rows = target.transpose(0, 2, 3, 1) if images else target
        if images and self._fast and samples.flags.c_contiguous:
            key = (rows.ctypes.data, rows.strides, samples.shape)
            if key not in self._made:
                if len(self._made) >= MOST:
                    del self._made[next(iter(self._made))]
                self._made[key] = onednn.make_pixels(samples, rows, *self.finish.affine())
            if (made := self._made[key]) is not None:
                made.write(samples)
                return
        self.finish.apply(samples, rows)
