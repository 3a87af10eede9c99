"""adam: steps scaled by running moments of the gradient, as MXNet 1.9.1 (Adam): the decay enters the moments.

Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
"""

from __future__ import annotations

import math

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot, Step


@declare
class Params(Common):
    """Steps scaled by running moments of the gradient."""

    lr: float = param(0.001, ge=0, doc="learning rate, from which the schedule starts")
    beta1: float = param(0.9, ge=0, lt=1, doc="part of the mean that is kept")
    beta2: float = param(0.999, ge=0, lt=1, doc="part of the variance that is kept")
    epsilon: float = param(1e-8, ge=TINY, doc="added to the root of the variance")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """weight' = weight - lr_t * mean' / (sqrt(variance') + epsilon), moments of g = clip(grad + wd * weight)."""
    grad = slot.decay_then_clip(params.clip_gradient)
    mean = slot.states["mean"] * params.beta1 + grad * (1 - params.beta1)
    variance = slot.states["variance"] * params.beta2 + square(grad) * (1 - params.beta2)
    step = mean / (sqrt(variance) + params.epsilon) * slot.scalars["lr"]
    return {"weight": slot.weight - step, "mean": mean, "variance": variance}


def scalars(params: Params, step: Step) -> dict[str, float]:
    """lr_t = lr * sqrt(1 - beta2 ** t) / (1 - beta1 ** t), which corrects the bias of the moments."""
    t = step.number
    return {"lr": step.lr * math.sqrt(1 - params.beta2**t) / (1 - params.beta1**t)}


OPTIMIZER = Optimizer("adam", update, Params, ("mean", "variance"), scalars)
