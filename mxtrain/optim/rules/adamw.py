"""adamw: Adam with a decay of its own, as MXNet 1.9.1 (contrib adamw_update, with Adam's corrected learning rate).

Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019. MXNet's operator takes the learning rate
corrected for bias, and the schedule (eta) apart; the decay is multiplied by the schedule alone. Here one rate is both:
the decay is multiplied by the uncorrected learning rate.
"""

from __future__ import annotations

import math

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot, Step


@declare
class Params(Common):
    """Steps scaled by running moments of the gradient; the decay stays out of them."""

    lr: float = param(0.001, ge=0, doc="learning rate, from which the schedule starts")
    beta1: float = param(0.9, ge=0, lt=1, doc="part of the mean that is kept")
    beta2: float = param(0.999, ge=0, lt=1, doc="part of the variance that is kept")
    epsilon: float = param(1e-8, ge=TINY, doc="added to the root of the variance")
    bias_correction: bool = param(True, doc="correct the moments, which begin at zero")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """weight' = weight - lr * (correction * mean' / (sqrt(variance') + epsilon) + wd * weight)."""
    grad = slot.gradient(params.clip_gradient)
    mean = slot.states["mean"] * params.beta1 + grad * (1 - params.beta1)
    variance = slot.states["variance"] * params.beta2 + square(grad) * (1 - params.beta2)
    step = mean / (sqrt(variance) + params.epsilon) * slot.scalars["corrected_lr"]
    if slot.wd:
        step = step + slot.weight * slot.scalars["lr"] * slot.wd
    return {"weight": slot.weight - step, "mean": mean, "variance": variance}


def scalars(params: Params, step: Step) -> dict[str, float]:
    """lr, and lr * sqrt(1 - beta2 ** t) / (1 - beta1 ** t)."""
    t = step.number
    correction = math.sqrt(1 - params.beta2**t) / (1 - params.beta1**t) if params.bias_correction else 1.0
    return {"lr": step.lr, "corrected_lr": step.lr * correction}


OPTIMIZER = Optimizer("adamw", update, Params, ("mean", "variance"), scalars)
