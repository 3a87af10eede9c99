"""The metrics of a run, and their totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import CheckpointError, ConfigError, ShapeError
from mxtrain.base.types import Shape
from mxtrain.graph import Entry
from mxtrain.metrics._metric import Metric, Totals

Arrays = Mapping[str, NDArray[Any]]
Kind = tuple[str, str, Shape]
A = TypeVar("A")

SMALL, ROOM = 1 << 16, 1 << 19
"""Bytes of a batch that is put aside at most, and of all that are waiting."""


@dataclass(frozen=True)
class Shown:
    """A metric as a run shows it.

    Args:
        name: what it is called in logs, conditions and checkpoints; each once.
        metric: what is computed.
        params: its declared parameters.
        label: name of the label it reads; None: the only one.
        output: name of the output it reads; None: the only one.
    """

    name: str
    metric: Metric
    params: Any
    label: str | None = None
    output: str | None = None


class MetricSet:
    """Several metrics over the same samples.

    ``totals`` is one flat float64 array, the sums of all metrics one after the other: workers add theirs up, and a
    checkpoint keeps them bit for bit.

    Args:
        shown: the metrics, in the order in which they are shown.

    Raises:
        ConfigError: if two have one name.
    """

    def __init__(self, shown: Sequence[Shown]) -> None:
        self.shown = tuple(shown)
        names = [s.name for s in self.shown]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ConfigError(f"metrics: {', '.join(map(repr, twice))} given more than once; give each its own name")
        sizes = [len(s.metric.sum_names(s.params)) for s in self.shown]
        ends = np.cumsum([0, *sizes]).tolist()
        self._slices = [slice(a, b) for a, b in zip(ends, ends[1:], strict=False)]
        self._totals: Totals = np.zeros(ends[-1])
        self._waiting: list[tuple[Arrays, Arrays]] = []
        self._kinds: tuple[Kind, ...] = ()
        self._room = 0

    @property
    def totals(self) -> Totals:
        """The sums of all metrics, one after the other."""
        self._count_waiting()
        return self._totals

    @totals.setter
    def totals(self, totals: Totals) -> None:
        self._totals = totals

    def on_device(self, labels: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> tuple[int, ...]:
        """Numbers of the metrics that can be summed where the net runs, given the shapes of labels and outputs.

        Raises:
            ConfigError: if a metric does not say which of several labels or outputs it reads.
        """
        return tuple(
            k
            for k, s in enumerate(self.shown)
            if s.metric.device is not None
            and s.metric.device.fits(
                s.params, _choose(s.name, "label", s.label, labels), _choose(s.name, "output", s.output, outputs)
            )
        )

    def device_entries(
        self, numbers: Sequence[int], labels: Mapping[str, Entry], outputs: Mapping[str, Entry]
    ) -> dict[str, Entry]:
        """The sums of these metrics over one batch, as entries by ``NUMBER:SUM``."""
        found: dict[str, Entry] = {}
        for k in numbers:
            s = self.shown[k]
            if s.metric.device is not None:
                label = _choose(s.name, "label", s.label, labels)
                output = _choose(s.name, "output", s.output, outputs)
                sums = s.metric.device.entries(s.params, label, output)
                found |= {f"{k}:{i}": e for i, e in enumerate(sums)}
        return found

    def count_sums(self, sums: Mapping[str, float], samples: int) -> None:
        """Count what a device summed over a batch.

        Args:
            sums: as `device_entries` names them.
        """
        numbers = sorted({int(name.partition(":")[0]) for name in sums})
        for k in numbers:
            s = self.shown[k]
            if s.metric.device is not None:
                values = np.array([sums[f"{k}:{i}"] for i in range(s.metric.device.sums)], np.float64)
                self.totals[self._slices[k]] += s.metric.device.read(s.params, values, samples)

    def update(
        self, labels: Arrays, outputs: Arrays, valid: int | None = None, *, only: Sequence[int] | None = None
    ) -> None:
        """Count one batch.

        Args:
            labels: label arrays by name, samples along the first axis.
            outputs: prediction arrays by name. One may have several rows per sample, one sample's after the other's.
            valid: number of real samples; those after it are padding. None: all are real.
            only: numbers of the metrics that count it; None: all.

        Raises:
            ConfigError: if a metric does not say which of several labels or outputs it reads.
            ShapeError: if a label cannot belong to its prediction.
            DataError: for a label that cannot be.
        """
        if only is None and self._defer(labels, outputs, valid):
            return
        self._count_waiting()
        self._count(labels, outputs, valid, range(len(self.shown)) if only is None else only)
        if only is None:
            # The first of a kind is counted at once: what is wrong with it is said when it comes.
            self._kinds, self._room = _kinds(labels, outputs), ROOM

    def _defer(self, labels: Arrays, outputs: Arrays, valid: int | None) -> bool:
        """Put a small batch aside, to be counted with others of its kind: a call takes longer than its samples do."""
        size = sum(a.nbytes for part in (labels, outputs) for a in part.values())
        if size > min(SMALL, self._room) or self._kinds != _kinds(labels, outputs):
            return False
        if valid is not None and any(valid != len(a) for a in labels.values()):
            return False
        self._room -= size
        self._waiting.append(({n: a.copy() for n, a in labels.items()}, {n: a.copy() for n, a in outputs.items()}))
        return True

    def _count_waiting(self) -> None:
        """Count what was put aside: sums are the same bits whatever batches samples come in."""
        if not self._waiting:
            return
        waiting, self._waiting, self._room = self._waiting, [], ROOM
        labels, outputs = (
            {n: np.concatenate([w[side][n] for w in waiting]) for n in waiting[0][side]} for side in (0, 1)
        )
        self._count(labels, outputs, None, range(len(self.shown)))

    def _count(self, labels: Arrays, outputs: Arrays, valid: int | None, numbers: Sequence[int]) -> None:
        # Infinite and undefined losses are results here: the value shows them, and the loop stops on them.
        with np.errstate(all="ignore"):
            for k in numbers:
                s, part = self.shown[k], self._slices[k]
                label = _choose(s.name, "label", s.label, labels)
                output = _choose(s.name, "output", s.output, outputs)
                label, output = _cut(s.name, label, output, valid)
                self._totals[part] += s.metric.measure(s.params, label, output)

    def values(self) -> dict[str, float]:
        """The metrics by name; NaN where nothing has been counted."""
        pairs = zip(self.shown, self._slices, strict=True)
        with np.errstate(all="ignore"):
            return {s.name: s.metric.value(s.params, self.totals[part]) for s, part in pairs}

    def reset(self) -> None:
        """Forget every sample."""
        self._waiting.clear()
        self._room = ROOM
        self._totals[:] = 0.0

    def state(self) -> dict[str, dict[str, str]]:
        """Sums by metric and name, as hexadecimal floats: JSON can carry them, every bit, infinities too."""
        return {
            s.name: dict(zip(s.metric.sum_names(s.params), (t.hex() for t in self.totals[part].tolist()), strict=True))
            for s, part in zip(self.shown, self._slices, strict=True)
        }

    def restore(self, state: Mapping[str, Mapping[str, str]]) -> None:
        """Go on from what `state` gave.

        Raises:
            CheckpointError: if it is of other metrics or damaged; the totals are then unchanged.
        """
        expected = [s.name for s in self.shown]
        if sorted(state) != sorted(expected):
            raise CheckpointError(f"metric sums: expected those of {expected}, got those of {sorted(state)}")
        totals = np.zeros_like(self.totals)
        for s, part in zip(self.shown, self._slices, strict=True):
            names, saved = s.metric.sum_names(s.params), state[s.name]
            if sorted(saved) != sorted(names):
                raise CheckpointError(
                    f"metric sums of {s.name!r}: expected {', '.join(names)}, got {', '.join(sorted(saved)) or 'none'}"
                )
            try:
                totals[part] = [float.fromhex(saved[n]) for n in names]
            except (ValueError, TypeError, OverflowError) as e:
                raise CheckpointError(f"metric sums of {s.name!r}: not hexadecimal floats ({e})") from None
        self.totals[:] = totals


def _kinds(labels: Arrays, outputs: Arrays) -> tuple[Kind, ...]:
    """Names, dtypes and shapes of a batch's arrays; samples of batches alike can be counted together."""
    return tuple((n, a.dtype.char, a.shape) for part in (labels, outputs) for n, a in part.items())


def _choose(metric: str, what: str, name: str | None, arrays: Mapping[str, A]) -> A:
    """The array called `name`, or the only one."""
    if name is not None and name in arrays:
        return arrays[name]
    have = ", ".join(sorted(arrays)) or "none"
    if name is not None:
        raise ConfigError(f"metric {metric!r}: no {what} {name!r}; there are: {have}")
    if len(arrays) != 1:
        raise ConfigError(f"metric {metric!r}: give '{what}', one of: {have}")
    return next(iter(arrays.values()))


def _cut(
    metric: str, label: NDArray[Any], output: NDArray[Any], valid: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both without their padding."""
    if valid is None or (label.ndim and valid == len(label)):
        return label, output
    if not label.ndim or not output.ndim or not 0 <= valid < len(label) or len(output) % len(label):
        raise ShapeError(
            f"metric {metric!r}: cannot take {valid} samples from label {label.shape} and prediction {output.shape}; "
            f"expected samples along the first axis of both"
        )
    return label[:valid], output[: valid * (len(output) // len(label))]
