"""A step as one CUDA graph: some eager steps, then capture, replay and comparison, then launches; else eager for good.

Each call of `Captured.run` is one step of training, whichever way it goes: nothing is done twice, nothing lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mxtrain.backends.cuda.runtime import StepGraph
from mxtrain.base.errors import BackendUnavailable

TOLERANCE = 1e-3
"""Largest difference between replay and eager step, as part of the largest value, where bits need not be equal."""

TIMES = 10
"""As many times what two replays differ by."""


def call_by_call(operators: Iterable[str]) -> str:
    """What is said of a step with operators that cannot be captured; "" if there are none."""
    listed = ", ".join(dict.fromkeys(operators))
    return f"steps are not run as one CUDA graph, but call by call: {listed} cannot be captured" if listed else ""


class Captured:
    """One step, repeated.

    Args:
        cuda: the device (runtime.Cuda).
        body: asks for all work of one step. It may read nothing from the host that changes from step to step.
        state: what a step changes and the next one reads (arenas, scalars), by name: dense arrays.
        say: told once, why steps run eagerly, if they do.
        eager: steps before the capture.
        exact: the replay must give the eager step's bits.
    """

    def __init__(
        self,
        cuda: Any,
        body: Callable[[], None],
        state: Mapping[str, Any],
        say: Callable[[str], None],
        *,
        eager: int = 3,
        exact: bool = False,
    ) -> None:
        self.cuda, self.body, self.state, self.say = cuda, body, dict(state), say
        self.eager, self.exact = eager, exact
        self.graph: StepGraph | None = None
        self.reason = ""
        self._done = 0

    def run(self) -> None:
        """One step.

        Raises:
            BackendUnavailable: if the graph cannot be launched.
        """
        if self.graph is not None:
            status = self.graph.launch()
            if status:
                raise BackendUnavailable(f"the graph of the step failed: {self.cuda.explain(status)}")
        elif self.reason or self._done < self.eager:
            self.body()
            self._done += 1
        else:
            self._capture()

    def _capture(self) -> None:
        before = self._copies()
        self.body()
        after = self._copies()
        self._restore(before)
        graph, reason = self._captured()
        if graph is not None:
            reason = self._replayed(graph) or self._difference(after, {})
            if reason and not self.exact:
                # Sums by atomics come in another order each time: what two replays differ by, an eager step may too.
                once = self._copies()
                self._restore(before)
                reason = self._replayed(graph) or self._difference(after, self._errors(once))
        if reason:
            self._restore(after)
            self.reason = reason
            self.say(f"the step is not run as one CUDA graph, but call by call: {reason}")
        else:
            self.graph = graph

    def _captured(self) -> tuple[StepGraph | None, str]:
        """(the graph, "") or (None, why not)."""
        try:
            self.cuda.begin_capture()
            self.body()
            return self.cuda.end_capture(), ""
        except Exception as e:  # whatever a library raises, the eager step still works
            self.cuda.abort_capture()
            return None, f"capture failed: {type(e).__name__}: {e}"

    def _copies(self) -> dict[str, Any]:
        return {name: a.copy() for name, a in self.state.items()}

    def _restore(self, copies: Mapping[str, Any]) -> None:
        for name, a in self.state.items():
            a[...] = copies[name]

    def _replayed(self, graph: StepGraph) -> str:
        """Why the graph did not run; "" if it did."""
        status = graph.launch()
        self.cuda.synchronize()
        return f"its replay failed: {self.cuda.explain(status)}" if status else ""

    def _errors(self, wanted: Mapping[str, Any]) -> dict[str, float]:
        """The largest difference of each array of floats."""
        xp, floats = self.cuda.xp, {n: a for n, a in self.state.items() if a.size and a.dtype.kind == "f"}
        return {name: float(xp.abs(a - wanted[name]).max()) for name, a in floats.items()}

    def _difference(self, wanted: Mapping[str, Any], noise: Mapping[str, float]) -> str:
        """Why the state is not what it was after the eager step; "" if it is."""
        xp, errors = self.cuda.xp, self._errors(wanted)
        for name, a in self.state.items():
            b = wanted[name]
            if self.exact or a.dtype.kind != "f":
                wrong = int((a.reshape(-1).view(xp.uint8) != b.reshape(-1).view(xp.uint8)).sum())
                if wrong:
                    return f"its replay changed {name} otherwise than the eager step, in {wrong} bytes"
                continue
            largest, error = float(xp.abs(b).max()) if b.size else 0.0, errors.get(name, 0.0)
            if not error <= max(TOLERANCE * max(largest, 1e-30), TIMES * noise.get(name, 0.0)):
                return f"its replay changed {name} otherwise than the eager step, by {error:.3g} of {largest:.3g}"
        return ""
