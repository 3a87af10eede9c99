"""nag: Nesterov's accelerated gradient, as MXNet 1.9.1 (NAG)."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr
from mxtrain.optim.rule import Common, Optimizer, Slot


@declare
class Params(Common):
    """Gradient descent that looks ahead along its momentum."""

    momentum: float = param(0.0, ge=0, lt=1, doc="part of the last step that is taken again")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """momentum' = m * momentum - lr * g, weight' = weight + m * momentum' - lr * g, g = clip(grad) + wd * weight."""
    step = slot.gradient_then_decay(params.clip_gradient) * slot.scalars["lr"]
    if not params.momentum:
        return {"weight": slot.weight - step}
    momentum = slot.states["momentum"] * params.momentum - step
    return {"weight": slot.weight + (momentum * params.momentum - step), "momentum": momentum}


def states(params: Params) -> tuple[str, ...]:
    """One if there is momentum."""
    return ("momentum",) if params.momentum else ()


OPTIMIZER = Optimizer("nag", update, Params, states)
