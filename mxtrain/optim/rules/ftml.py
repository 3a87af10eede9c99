"""ftml: follow the moving leader, as MXNet 1.9.1 (FTML).

Zheng and Kwok, "Follow the moving leader in deep learning", ICML 2017. Its state d is not zero in the gaps between
arrays: the weights are, whatever d is.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot, Step


@declare
class Params(Common):
    """The minimum of a moving sum of quadratic bounds."""

    lr: float = param(0.01, gt=0, doc="learning rate, from which the schedule starts; never 0")
    beta1: float = param(0.6, ge=0, lt=1, doc="part of the moving sums that is kept")
    beta2: float = param(0.999, ge=0, lt=1, doc="part of the variance that is kept")
    epsilon: float = param(1e-8, ge=TINY, doc="added to the root of the variance")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """d' = (1 - beta1 ** t) / lr * (sqrt(variance' / (1 - beta2 ** t)) + epsilon).

    z' = beta1 * z + (1 - beta1) * g - (d' - beta1 * d) * weight, weight' = -z' / d', g = clip(grad + wd * weight).
    """
    grad = slot.decay_then_clip(params.clip_gradient)
    variance = slot.states["variance"] * params.beta2 + square(grad) * (1 - params.beta2)
    root = sqrt(variance / slot.scalars["variance_correction"]) + params.epsilon
    d = root * slot.scalars["d_factor"]
    change = (d - slot.states["d"] * params.beta1) * slot.weight
    z = slot.states["z"] * params.beta1 + grad * (1 - params.beta1) - change
    # 0 - z, not -z: a gap of the arena stays +0.
    return {"weight": (0 - z) / d, "d": d, "variance": variance, "z": z}


def scalars(params: Params, step: Step) -> dict[str, float]:
    """(1 - beta1 ** t) / lr, and 1 - beta2 ** t."""
    t = step.number
    return {"d_factor": (1 - params.beta1**t) / step.lr, "variance_correction": 1 - params.beta2**t}


OPTIMIZER = Optimizer("ftml", update, Params, ("d", "variance", "z"), scalars, divides_by_lr=True)
