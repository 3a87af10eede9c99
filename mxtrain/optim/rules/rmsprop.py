"""rmsprop: steps scaled by a running mean of squared gradients, as MXNet 1.9.1 (RMSProp).

Plain: Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012. Centered: Graves, "Generating
sequences with recurrent neural networks", 2013, equations 38 to 45.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, clip, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot


@declare
class Params(Common):
    """Steps scaled by a running mean of squared gradients."""

    lr: float = param(0.001, ge=0, doc="learning rate, from which the schedule starts")
    gamma1: float = param(0.9, ge=0, lt=1, doc="part of the running means that is kept")
    gamma2: float = param(0.9, ge=0, lt=1, doc="momentum; only if centered")
    epsilon: float = param(1e-8, ge=TINY, doc="added under the root")
    centered: bool = param(False, doc="scale by the variance, and take steps with momentum")
    clip_weights: float | None = param(None, gt=0, doc="bound of each weight; null: none")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """Plain: weight' = weight - lr * g / sqrt(square_mean' + epsilon).

    Centered: delta' = gamma2 * delta - lr * g / sqrt(square_mean' - mean' ** 2 + epsilon), weight' = weight + delta'.
    g = clip(grad + wd * weight).
    """
    grad = slot.decay_then_clip(params.clip_gradient)
    square_mean = slot.states["square_mean"] * params.gamma1 + square(grad) * (1 - params.gamma1)
    if not params.centered:
        step = grad / sqrt(square_mean + params.epsilon) * slot.scalars["lr"]
        return {"weight": clip(slot.weight - step, params.clip_weights), "square_mean": square_mean}
    mean = slot.states["mean"] * params.gamma1 + grad * (1 - params.gamma1)
    step = grad / sqrt(square_mean - square(mean) + params.epsilon) * slot.scalars["lr"]
    delta = slot.states["delta"] * params.gamma2 - step
    weight = clip(slot.weight + delta, params.clip_weights)
    return {"weight": weight, "square_mean": square_mean, "mean": mean, "delta": delta}


def states(params: Params) -> tuple[str, ...]:
    """One, or three if centered."""
    return ("square_mean", "mean", "delta") if params.centered else ("square_mean",)


OPTIMIZER = Optimizer("rmsprop", update, Params, states)
