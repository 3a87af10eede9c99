"""ftrl: follow the regularised leader, for sparse weights, as MXNet 1.9.1 (Ftrl).

McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, above, absolute, sign, sqrt, square
from mxtrain.optim.rule import TINY, Common, Optimizer, Slot, Step


@declare
class Params(Common):
    """Weights that a penalty on their magnitude makes exactly 0."""

    lr: float = param(0.1, gt=0, doc="learning rate, from which the schedule starts; never 0")
    lamda1: float = param(0.01, ge=0, doc="penalty on magnitudes (MXNet's spelling)")
    beta: float = param(1.0, ge=TINY, doc="added to the root of the squared gradients")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """z' = z + g - (sqrt(n + g * g) - sqrt(n)) * weight / lr, n' = n + g * g.

    weight' = (sign(z') * lamda1 - z') / ((beta + sqrt(n')) / lr + wd) where |z'| > lamda1, else 0.
    """
    grad = slot.gradient(params.clip_gradient)
    n, inverse = slot.states["n"], slot.scalars["inverse_lr"]
    total = n + square(grad)
    root = sqrt(total)
    z = slot.states["z"] + grad - (root - sqrt(n)) * slot.weight * inverse
    shrunk = sign(z) * params.lamda1 - z
    weight = shrunk / ((root + params.beta) * inverse + slot.wd) * above(absolute(z), params.lamda1)
    return {"weight": weight, "z": z, "n": total}


def scalars(params: Params, step: Step) -> dict[str, float]:
    """1 / lr."""
    return {"inverse_lr": 1 / step.lr}


OPTIMIZER = Optimizer("ftrl", update, Params, ("z", "n"), scalars, divides_by_lr=True)
