"""The metric that says which checkpoint is best, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mxtrain.train.state import RunState

Mode = Literal["max", "min"]


@dataclass
class Monitor:
    """Follows one metric for the best checkpoint, and one for early stopping.

    Args:
        best: name and mode of the metric of the best checkpoint.
        early: name and mode of the metric of early stopping, or None.
        patience: epochs without an improvement after which to stop.
        min_delta: what counts as an improvement.
    """

    best: tuple[str, Mode]
    early: tuple[str, Mode] | None = None
    patience: int = 0
    min_delta: float = 0.0
    value: float | None = None

    def see(self, values: Mapping[str, float], state: RunState, *, whole: bool = True) -> None:
        """Look at what an epoch gave. A value that is not finite is never an improvement.

        Args:
            whole: False for an epoch that `max_steps` cut short. It may be the best: it is evaluated and saved. For
                early stopping it is none: a resumed run would count it once more when it ends.
        """
        self.value = values[self.best[0]]
        if _better(self.value, state.best, self.best[1], 0.0):
            state.best = self.value
        if self.early is None or not whole:
            return
        current = values[self.early[0]]
        if _better(current, state.leading, self.early[1], self.min_delta):
            state.leading, state.waited = current, 0
        else:
            state.waited += 1

    def stop(self, state: RunState) -> bool:
        """True if the metric has not improved for too long."""
        return self.early is not None and state.waited >= self.patience

    def reason(self, state: RunState) -> str:
        """Why."""
        name = self.early[0] if self.early else ""
        return f"stopped early: {name} has not improved on {state.leading} for {state.waited} epochs"


def _better(value: float, than: float | None, mode: Mode, delta: float) -> bool:
    if than is None or not math.isfinite(value):
        return math.isfinite(value)
    return value > than + delta if mode == "max" else value < than - delta
