"""Feeder: writes a batch from the host into the inputs of a plan, finishing images on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.errors import DataError
from mxtrain.data.augmenter import Finish
from mxtrain.data.batch import Batch
from mxtrain.executor import Plan
from mxtrain.train.finisher import Finisher


class Classes(NamedTuple):
    """What a class label may be: a whole number from 0 to number - 1, or `ignored`."""

    number: int
    ignored: float | None = None


@dataclass
class Feeder:
    """How batches of one source reach the net.

    Args:
        finish: pixels to floats.
        classes: what labels of class heads may be, by the net's name of the label.
        names: what the source calls a label -> what the net calls it, where they differ.
        device: of the plans.
    """

    finish: Finish
    classes: Mapping[str, Classes] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    device: Device = REFERENCE

    @cached_property
    def _finisher(self) -> Finisher:
        return Finisher(self.finish, self.device)

    def feed(self, plan: Plan, batch: Batch) -> None:
        """Fill the plan's inputs.

        Raises:
            DataError: if a label is no class of the net: names the sample.
        """
        for name, values in batch.inputs.items():
            target = plan.inputs.get(name)
            if target is not None:
                self._write(values, target)
        self.check(batch)
        for name, values in batch.labels.items():
            known = self.names.get(name, name)
            target = plan.inputs.get(known)
            if target is None:
                continue
            if self.device.runtime is not None:
                self.device.put(target, values.reshape(target.shape).astype(np.float32, copy=False))
                continue
            np.copyto(target, values.reshape(target.shape), casting="same_kind")

    def check(self, batch: Batch) -> None:
        """Look at the labels of class heads.

        Raises:
            DataError: if a label is no class of the net: names the sample.
        """
        for name, values in batch.labels.items():
            known = self.names.get(name, name)
            if known in self.classes:
                self._check(values, batch, self.classes[known])

    def _write(self, values: NDArray[Any], target: Any) -> None:
        if self.device.runtime is not None:
            # Whatever a device cannot take as it comes is finished here.
            host = np.empty(target.shape, np.float32)
            self._finisher.write(values, host)
            self.device.put(target, host)
            return
        self._finisher.write(values, target)

    def _check(self, labels: NDArray[Any], batch: Batch, classes: Classes) -> None:
        good = (labels >= 0) & (labels < classes.number) & (labels == np.floor(labels))
        if good.all():
            return
        if classes.ignored is not None:
            good |= labels == classes.ignored
        bad = np.argwhere(~good & batch.mask.reshape(-1, *[1] * (labels.ndim - 1)))
        if len(bad):
            at = tuple(bad[0])
            raise DataError(
                f"sample {int(batch.ids[at[0]])}: label {labels[at]:g} is no class of the net, which has "
                f"{classes.number} (0 to {classes.number - 1}); correct the label or set the number of classes"
            )
