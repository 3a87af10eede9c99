"""Of several recipes for a node the one that is fastest on the device, timed once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.errors import EnvironmentFault
from mxtrain.base.types import TensorType, view
from mxtrain.graph import Node, Recipe


def fastest(device: Device, node: Node, recipes: Mapping[str, Recipe | None]) -> Recipe | None:
    """The fastest of them; None if there is none.

    Args:
        recipes: name -> recipe, or None where that one does not take the node; what is likely to be best first.
    """
    there = {name: r for name, r in recipes.items() if r is not None}
    if not there:
        return None
    types = [e.type for e in node.inputs] + list(node.types)
    key = cuda.key_of(node.op.name if node.op else "", *types, node.params, *(r.name for r in there.values()))
    chosen = cuda.cuda_of(device).tuning.choose(key, list(there), lambda name: _measured(device, node, there[name]))
    return there[chosen]


def _measured(device: Device, node: Node, recipe: Recipe) -> float:
    """Milliseconds on random numbers; 0 where there is no room to measure, all being equal."""

    def array(t: TensorType) -> Any:
        return view(cuda.numbers(device, t.dtype, max(t.nbytes, 1)), t)

    try:
        ins = [array(_as(e.type, recipe.takes.get(k))) for k, e in enumerate(node.inputs)]
        outs = [array(_as(t, recipe.gives.get(k))) for k, t in enumerate(node.types)]
        scratch = device.empty(recipe.scratch) if recipe.scratch else None
    except EnvironmentFault:
        return 0.0
    call = recipe.prepare(ins, outs, scratch)
    return 0.0 if call is None else cuda.milliseconds(device, call)


def _as(t: TensorType, layout: Any) -> TensorType:
    return t if layout is None else t._replace(layout=layout)
