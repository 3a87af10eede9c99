"""sgd: stochastic gradient descent with momentum, as MXNet 1.9.1 (SGD)."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr
from mxtrain.optim.rule import Common, Optimizer, Slot


@declare
class Params(Common):
    """Gradient descent, with momentum if asked."""

    momentum: float = param(0.0, ge=0, lt=1, doc="part of the last step that is taken again")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """momentum' = momentum * m - lr * g, weight' = weight + momentum', with g = clip(grad) + wd * weight."""
    step = slot.gradient_then_decay(params.clip_gradient) * slot.scalars["lr"]
    if not params.momentum:
        return {"weight": slot.weight - step}
    momentum = slot.states["momentum"] * params.momentum - step
    return {"weight": slot.weight + momentum, "momentum": momentum}


def states(params: Params) -> tuple[str, ...]:
    """One if there is momentum."""
    return ("momentum",) if params.momentum else ()


OPTIMIZER = Optimizer("sgd", update, Params, states)
