"""Feeder: writes a batch from the host into the inputs of a plan, finishing images on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.data.augmenter import Finish
from mxtrain.data.batch import Batch
from mxtrain.executor import Plan


@dataclass
class Feeder:
    """How batches of one source reach the net.

    Args:
        finish: pixels to floats.
        classes: labels of class heads must lie below; by label name.
        names: what the source calls a label -> what the net calls it, where they differ.
    """

    finish: Finish
    classes: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._multiplier, self._offset = self.finish.affine()
        self._shifts = bool(self._offset.any())

    def feed(self, plan: Plan, batch: Batch) -> None:
        """Fill the plan's inputs.

        Raises:
            DataError: if a label is no class of the net: names the sample.
        """
        for name, values in batch.inputs.items():
            target = plan.inputs.get(name)
            if target is not None:
                self._write(values, target)
        for name, values in batch.labels.items():
            known = self.names.get(name, name)
            target = plan.inputs.get(known)
            if target is None:
                continue
            if known in self.classes and values.shape == target.shape:
                self._check(values, batch, known)
            np.copyto(target, values.reshape(target.shape), casting="same_kind")

    def _write(self, values: NDArray[Any], target: NDArray[Any]) -> None:
        if values.dtype == np.uint8 and values.ndim == 4:
            target = target.transpose(0, 2, 3, 1)
        np.multiply(values, self._multiplier, out=target)
        if self._shifts:
            np.add(target, self._offset, out=target)

    def _check(self, labels: NDArray[Any], batch: Batch, name: str) -> None:
        count = self.classes[name]
        real = labels[: batch.valid]
        if real.size and (real.min() < 0 or real.max() >= count):
            row = int(np.argmax((real < 0) | (real >= count)) // max(real[0].size, 1))
            raise DataError(
                f"sample {int(batch.ids[row])}: label {real[row]} is no class of the net, which has {count} "
                f"(0 to {count - 1}); correct the label or set the number of classes"
            )
