"""lars: sgd whose rate is scaled in each array to the size of the weights, as MXNet 1.9.1 (LARS).

You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017. The correction of momentum is that of
Goyal et al., "Accurate, large minibatch SGD", 2017. MXNet corrects it only in the first four arrays of each update,
which is an oversight; here it is corrected in all.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr
from mxtrain.optim.norm import norm, trust_ratio
from mxtrain.optim.rule import Common, Optimizer, Slot, Step

UNSCALED = ("gamma", "beta", "bias")
"""Endings of the names of arrays that keep the plain rate."""


@declare
class Params(Common):
    """Gradient descent with momentum, its rate scaled in each array to the size of the weights."""

    wd: float = param(0.0, ge=0, doc="weight decay, of parameters whose name ends in _weight")
    momentum: float = param(0.0, ge=0, lt=1, doc="part of the last step that is taken again")
    eta: float = param(0.001, gt=0, doc="size of a step, as a part of the size of the weights")
    epsilon: float = param(0.0, ge=0, doc="added to the norm of the gradient")
    momentum_correction: bool = param(True, doc="scale the momentum when the learning rate changes")


def update(params: Params, slot: Slot) -> dict[str, Expr]:
    """As sgd, with rate lr * eta * |weight| / (|grad| + wd * |weight| + epsilon)."""
    rate = slot.scalars["lr"]
    if not slot.name.endswith(UNSCALED):
        size, length = norm(slot.weight), norm(slot.grad)
        under = length * slot.rescale_grad
        if slot.wd:
            under = under + size * slot.wd
        rate = trust_ratio(size * params.eta, under + params.epsilon, length) * rate
    step = slot.gradient_then_decay(params.clip_gradient) * rate
    if not params.momentum:
        return {"weight": slot.weight - step}
    momentum = slot.states["momentum"] * slot.scalars["momentum"] - step
    return {"weight": slot.weight + momentum, "momentum": momentum}


def states(params: Params) -> tuple[str, ...]:
    """One if there is momentum."""
    return ("momentum",) if params.momentum else ()


def scalars(params: Params, step: Step) -> dict[str, float]:
    """lr, and the momentum, scaled as the learning rate has changed."""
    change = step.lr / step.previous_lr if params.momentum_correction and step.previous_lr else 1.0
    return {"lr": step.lr, "momentum": params.momentum * change}


OPTIMIZER = Optimizer("lars", update, Params, states, scalars, per_parameter=True, decays=("_weight",))
