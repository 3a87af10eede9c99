"""signum: steps of one size in the direction of the averaged gradient's signs, as MXNet 1.9.1 (Signum).

Bernstein et al., "signSGD: compressed optimisation for non-convex problems", ICML 2018.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sign
from mxtrain.optim.rule import Common, Optimizer, Slot


@declare
class Params(Common):
    """The sign of the averaged gradient."""

    momentum: float = param(0.9, ge=0, lt=1, doc="part of the average that is kept")
    wd_lh: float = param(0.0, ge=0, doc="weight decay that does not enter the average")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """momentum' = m * momentum - (1 - m) * g, weight' = (1 - lr * wd_lh) * weight + lr * sign(momentum').

    g = clip(grad) + wd * weight. Without momentum wd is applied as wd_lh is, and clipping changes no sign.
    """
    lr = slot.scalars["lr"]
    if not params.momentum:
        step = sign(slot.gradient(params.clip_gradient))
        apart = slot.wd + params.wd_lh
        return {"weight": slot.weight - (step + slot.weight * apart if apart else step) * lr}
    grad = slot.gradient_then_decay(params.clip_gradient) * (1 - params.momentum)
    momentum = slot.states["momentum"] * params.momentum - grad
    step = sign(momentum)
    if params.wd_lh:
        step = step - slot.weight * params.wd_lh
    return {"weight": slot.weight + step * lr, "momentum": momentum}


def states(params: Params) -> tuple[str, ...]:
    """One if there is momentum."""
    return ("momentum",) if params.momentum else ()


OPTIMIZER = Optimizer("signum", update, Params, states)
