"""adagrad: steps scaled by the sum of all squared gradients, as MXNet 1.9.1 (AdaGrad).

Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 2011.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot


@declare
class Params(Common):
    """Steps scaled by the sum of all squared gradients."""

    epsilon: float = param(1e-7, ge=TINY, doc="added to the sum under the root")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """history' = history + g * g, weight' = weight - lr * (g / sqrt(history' + epsilon) + wd * weight)."""
    grad = slot.gradient(params.clip_gradient)
    history = slot.states["history"] + square(grad)
    step = slot.decay(grad / sqrt(history + params.epsilon))
    return {"weight": slot.weight - step * slot.scalars["lr"], "history": history}


OPTIMIZER = Optimizer("adagrad", update, Params, ("history",))
