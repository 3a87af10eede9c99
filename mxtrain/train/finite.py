"""Finding what made a loss that is not a number."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from mxtrain.base.bfloat16 import widen
from mxtrain.base.errors import NumericError
from mxtrain.executor import ParameterStore, Plan
from mxtrain.train.state import RunState

BLOCK = 1 << 18
"""Elements looked at at once: the largest weight must not need as much again."""


def finite(a: Any) -> bool:
    """True if the array holds no NaN and no infinity. uint16 arrays are bfloat16 bits."""
    if a.dtype != np.uint16 and a.dtype.kind != "f":
        return True
    flat = a.ravel(order="K")
    blocks = (flat[k : k + BLOCK] for k in range(0, flat.size, BLOCK))
    return all(np.isfinite(widen(b) if b.dtype == np.uint16 else b).all() for b in blocks)


def check_loss(plan: Plan, store: ParameterStore, head: str, loss: float, state: RunState) -> NoReturn:
    """Run the plan once more, step by step, and say which step first produced a value that is not finite.

    Raises:
        NumericError: always.
    """
    at = f"epoch {state.epoch + 1}, batch {state.batch}, step {state.step}: loss {head!r} is {loss}"
    advice = "lower the learning rate, clip gradients (clip_global_norm), or look at the data of this batch"
    raise NumericError(f"{at}; {_culprit(plan, store)}; {advice}")


def _culprit(plan: Plan, store: ParameterStore) -> str:
    for name, a in plan.inputs.items():
        if not finite(store.device.fetch(a)):
            return f"input {name!r} holds values that are not finite"
    broken = [n for n in store.parameters.types if not finite(store.device.fetch(store.parameters[n]))]
    if broken:
        return f"parameter {broken[0]!r} was made so by an earlier update ({len(broken)} parameters are affected)"
    for step in (*plan.pack, *plan.steps):
        step.call[0](*step.call[1])
        if any(not finite(store.device.fetch(a)) for a in step.outs):
            return f"the first step whose result is not finite is {step.op} {step.name!r}"
    return "no single step is to blame when they are run again"


def check_parameters(store: ParameterStore) -> None:
    """Refuse to save parameters that are not finite.

    Raises:
        NumericError: naming them.
    """
    broken = [n for a in (store.parameters, store.auxiliaries) for n in a.types if not finite(store.device.fetch(a[n]))]
    if broken:
        raise NumericError(
            f"parameters that are not finite are not saved: {', '.join(broken[:8])}; the last checkpoint stands"
        )
