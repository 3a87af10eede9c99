"""nadam: Adam with Nesterov's momentum, as MXNet 1.9.1 (Nadam).

Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016. MXNet keeps one product of momenta for the whole
net and multiplies it at each array, not once per update; so the rule depends on the place of the array, and this one
does as MXNet does.
"""

from __future__ import annotations

import math

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot, Step

VANISHED = 1e-20
"""A product of momenta below this no longer changes 1 - product."""


@declare
class Params(Common):
    """Adam with Nesterov's momentum."""

    lr: float = param(0.001, ge=0, doc="learning rate, from which the schedule starts")
    beta1: float = param(0.9, ge=0, lt=1, doc="part of the mean that is kept")
    beta2: float = param(0.999, ge=0, lt=1, doc="part of the variance that is kept")
    epsilon: float = param(1e-8, ge=TINY, doc="added to the root of the variance")
    schedule_decay: float = param(0.004, ge=0, doc="how fast the momentum rises to beta1")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """weight' = weight - lr * (a * g + b * mean') / (sqrt(variance' / (1 - beta2 ** t)) + epsilon)."""
    grad = slot.decay_then_clip(params.clip_gradient)
    mean = slot.states["mean"] * params.beta1 + grad * (1 - params.beta1)
    variance = slot.states["variance"] * params.beta2 + square(grad) * (1 - params.beta2)
    ahead = grad * slot.scalars["grad_factor"] + mean * slot.scalars["mean_factor"]
    root = sqrt(variance / slot.scalars["variance_correction"]) + params.epsilon
    return {"weight": slot.weight - ahead / root * slot.scalars["lr"], "mean": mean, "variance": variance}


def momentum(params: Params, t: int) -> float:
    """The momentum of update t."""
    return params.beta1 * (1 - 0.5 * math.pow(0.96, t * params.schedule_decay))


def product(params: Params, step: Step) -> float:
    """All momenta multiplied until now, as MXNet counts: each earlier update once per array, this one up to here."""
    result = momentum(params, step.number) ** (step.position + 1)
    for t in range(1, step.number):
        if result < VANISHED:
            break
        result *= momentum(params, t) ** step.arrays
    return result


def scalars(params: Params, step: Step) -> dict[str, float]:
    """lr, and the factors of gradient, mean and variance."""
    now, after = momentum(params, step.number), momentum(params, step.number + 1)
    past = product(params, step)
    return {
        "lr": step.lr,
        "grad_factor": (1 - now) / (1 - past),
        "mean_factor": after / (1 - past * after),
        "variance_correction": 1 - params.beta2**step.number,
    }


OPTIMIZER = Optimizer("nadam", update, Params, ("mean", "variance"), scalars, per_parameter=True)
