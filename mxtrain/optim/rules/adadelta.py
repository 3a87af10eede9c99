"""adadelta: steps scaled by running means of squared steps over squared gradients, as MXNet 1.9.1 (AdaDelta).

Zeiler, "ADADELTA: an adaptive learning rate method", 2012. MXNet 1.9.1 knows no learning rate here; 1 is the same.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot


@declare
class Params(Common):
    """Steps that need no learning rate."""

    lr: float = param(1.0, ge=0, doc="multiplies the whole step")
    rho: float = param(0.9, ge=0, lt=1, doc="part of the running means that is kept")
    epsilon: float = param(1e-5, ge=TINY, doc="added under both roots")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """weight' = weight - lr * (delta + wd * weight), delta = sqrt(delta_mean + eps) / sqrt(grad_mean' + eps) * g."""
    grad = slot.gradient(params.clip_gradient)
    grad_mean = slot.states["grad_mean"] * params.rho + square(grad) * (1 - params.rho)
    before = slot.states["delta_mean"]
    delta = sqrt(before + params.epsilon) / sqrt(grad_mean + params.epsilon) * grad
    delta_mean = before * params.rho + square(delta) * (1 - params.rho)
    weight = slot.weight - slot.decay(delta) * slot.scalars["lr"]
    return {"weight": weight, "grad_mean": grad_mean, "delta_mean": delta_mean}


OPTIMIZER = Optimizer("adadelta", update, Params, ("grad_mean", "delta_mean"))
