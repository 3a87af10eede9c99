"""What a callback is told, and how it is told: one record per event. A callback reads; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["start", "batch", "epoch", "eval", "saved", "notice", "end"]


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Args:
        kind: ``batch``: an update is done; ``epoch``: the training data is through; ``eval``: a data set was evaluated;
            ``saved``: a checkpoint is committed; ``notice``: `text` is for people.
        epoch: epochs done before this one.
        batch: batches done in the epoch.
        batches: batches of an epoch.
        step: updates done since the run began.
        metrics: values so far in the epoch, or of the evaluation; ``loss`` among them.
        name: of the data set (eval), of the checkpoint (saved).
        lr: learning rate of the last update.
        seconds: since the epoch (or the evaluation) began.
        waited: part of these seconds spent waiting for data.
        samples: samples seen in these seconds.
        text: for people.
    """

    kind: Kind
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    step: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    lr: float = 0.0
    seconds: float = 0.0
    waited: float = 0.0
    samples: int = 0
    text: str = ""

    @property
    def rate(self) -> float:
        """Samples per second."""
        return self.samples / self.seconds if self.seconds > 0 else 0.0


Callback = Callable[[Event], None]


def notify(callbacks: Sequence[Callback], event: Event) -> None:
    """Tell every callback."""
    for callback in callbacks:
        callback(event)
