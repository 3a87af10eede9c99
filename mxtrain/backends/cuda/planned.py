"""A GPU that is not there: kernels are chosen for it, none runs. So a config can be looked at on any machine.

What cuDNN and cuBLASLt take is theirs to say, and they need a GPU for it: they are taken to take what they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mxtrain.backends.cuda.tuning import Tuning
from mxtrain.base.device import Device
from mxtrain.graph import Node, Recipe


class _First(Tuning):
    """Choices that nobody times: what a quick guess takes first."""

    def choose(self, key: str, names: Sequence[str], measure: Callable[[str], float]) -> str:
        return names[0]


class Planned:
    """What kernel selection asks of a runtime.

    Attributes:
        asked: names of the libraries that were asked for.
    """

    xp: Any = np
    stream = 0

    def __init__(self) -> None:
        self.tuning = _First()
        self.asked: set[str] = set()

    def explain(self, status: Any) -> str:
        """Of a status, which no call gives."""
        return f"status {status}"


def planned_device(threads: int = 1) -> Device:
    """The device ``gpu:0`` of a machine that has none."""
    return Device("gpu:0", ("cuda", "reference"), threads, Planned())  # type: ignore[arg-type]


def is_planned(device: Device) -> bool:
    """True if nothing can run on the device."""
    return isinstance(device.runtime, Planned)


def assumed(recipes: Mapping[Node, Recipe], device: Device) -> dict[Node, Recipe]:
    """Recipes chosen for such a device, with those of the libraries in the place of the reference's."""
    return {n: _assumed(n, r, device) for n, r in recipes.items()}


def _assumed(node: Node, recipe: Recipe, device: Device) -> Recipe:
    runtime: Any = device.runtime
    kernel = node.op.kernels.get("cuda") if node.op else None
    if recipe.capturable or recipe.view or kernel is None:
        return recipe
    runtime.asked.clear()
    kernel(node, device)
    if not runtime.asked:
        return recipe
    return replace(recipe, name=f"cuda:{' or '.join(sorted(runtime.asked))}", capturable=True)
