"""lamb: Adam's step, scaled in each array to the size of the weights, as MXNet 1.9.1 (LAMB).

You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, at_least, at_most, sqrt, square
from mxtrain.optim.norm import norm, trust_ratio
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot, Step


@declare
class Params(Common):
    """Adam's step, scaled in each array to the size of the weights."""

    lr: float = param(0.001, ge=0, doc="learning rate, from which the schedule starts")
    beta1: float = param(0.9, ge=0, lt=1, doc="part of the mean that is kept")
    beta2: float = param(0.999, ge=0, lt=1, doc="part of the variance that is kept")
    epsilon: float = param(1e-6, ge=TINY, doc="added to the root of the variance")
    lower_bound: float | None = param(None, gt=0, doc="least norm of the weights that is reckoned with; null: none")
    upper_bound: float | None = param(None, gt=0, doc="largest norm of the weights that is reckoned with; null: none")
    bias_correction: bool = param(True, doc="correct the moments, which begin at zero")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """weight' = weight - lr * |weight| / |s| * s, s = mean'' / (sqrt(variance'') + epsilon) + wd * weight."""
    grad = slot.gradient(params.clip_gradient)
    mean = slot.states["mean"] * params.beta1 + grad * (1 - params.beta1)
    variance = slot.states["variance"] * params.beta2 + square(grad) * (1 - params.beta2)
    first, second = mean, variance
    if params.bias_correction:
        first, second = mean / slot.scalars["mean_correction"], variance / slot.scalars["variance_correction"]
    step = slot.decay(first / (sqrt(second) + params.epsilon))
    size = at_most(at_least(norm(slot.weight), params.lower_bound), params.upper_bound)
    length = norm(step)
    rate = trust_ratio(size, length, length) * slot.scalars["lr"]
    return {"weight": slot.weight - step * rate, "mean": mean, "variance": variance}


def scalars(params: Params, step: Step) -> dict[str, float]:
    """lr, 1 - beta1 ** t, 1 - beta2 ** t."""
    t = step.number
    return {"lr": step.lr, "mean_correction": 1 - params.beta1**t, "variance_correction": 1 - params.beta2**t}


OPTIMIZER = Optimizer("lamb", update, Params, ("mean", "variance"), scalars, per_parameter=True)
