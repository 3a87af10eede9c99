"""Activation functions: for activation, and for those that absorb one.

What stands in FORWARD has a gradient that follows from its output, so it can be absorbed in training too; the others
only in prediction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.graph import Entry, Node, Op, Recipe, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import same_type
from mxtrain.ops._pointwise import in_chains
from mxtrain.ops._special import erf


def relu(xp: Any, x: Any, out: Any) -> None:
    """max(x, 0)."""
    xp.maximum(x, 0, out=out)


def sigmoid(xp: Any, x: Any, out: Any) -> None:
    """1 / (1 + exp(-x)), by tanh, which does not overflow."""
    xp.multiply(x, 0.5, out=out)
    xp.tanh(out, out=out)
    xp.multiply(out, 0.5, out=out)
    xp.add(out, 0.5, out=out)


def tanh(xp: Any, x: Any, out: Any) -> None:
    """tanh(x)."""
    xp.tanh(x, out=out)


def softrelu(xp: Any, x: Any, out: Any) -> None:
    """log(1 + exp(x))."""
    xp.logaddexp(x, 0, out=out)


def softsign(xp: Any, x: Any, out: Any) -> None:
    """x / (1 + |x|)."""
    out[...] = x / (1 + xp.abs(x))


def gelu(xp: Any, x: Any, out: Any) -> None:
    """x P(X <= x) of a normal X, exactly."""
    out[...] = 0.5 * x * (1 + erf(xp, x / math.sqrt(2)))


def silu(xp: Any, x: Any, out: Any) -> None:
    """x sigmoid(x)."""
    s = xp.empty_like(x)
    sigmoid(xp, x, s)
    xp.multiply(x, s, out=out)


def ramp(xp: Any, x: Any) -> Any:
    """A straight line from 0 at -3 to 1 at 3."""
    return xp.minimum(xp.maximum(x / 6 + 0.5, 0), 1)


def hard_sigmoid(xp: Any, x: Any, out: Any) -> None:
    """ramp(x)."""
    out[...] = ramp(xp, x)


def hard_swish(xp: Any, x: Any, out: Any) -> None:
    """x ramp(x)."""
    out[...] = x * ramp(xp, x)


def relu6(xp: Any, x: Any, out: Any) -> None:
    """min(max(x, 0), 6): what clip may be."""
    xp.maximum(x, 0, out=out)
    xp.minimum(out, 6, out=out)


FORWARD = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh, "softrelu": softrelu, "softsign": softsign}
OTHERS = {"gelu": gelu, "silu": silu, "hard_sigmoid": hard_sigmoid, "hard_swish": hard_swish, "relu6": relu6}
ALL = FORWARD | OTHERS


def slope_from_output(xp: Any, name: str, y: Any) -> Any:
    """The derivative at x, from y = f(x)."""
    if name == "relu":
        return (y > 0).astype(y.dtype)
    if name == "sigmoid":
        return y * (1 - y)
    if name == "tanh":
        return 1 - y * y
    if name == "softrelu":
        return -xp.expm1(-y)
    return (1 - xp.abs(y)) ** 2


ALGORITHM = {
    "relu": onednn.Algorithm.RELU, "sigmoid": onednn.Algorithm.LOGISTIC, "tanh": onednn.Algorithm.TANH,
    "softrelu": onednn.Algorithm.SOFT_RELU, "gelu": onednn.Algorithm.GELU_ERF, "silu": onednn.Algorithm.SWISH,
    "hard_sigmoid": onednn.Algorithm.HARDSIGMOID, "hard_swish": onednn.Algorithm.HARDSWISH,
    "relu6": onednn.Algorithm.CLIP_V2,
}  # fmt: skip
FROM_DST = {
    "relu": onednn.Algorithm.RELU_FROM_DST, "sigmoid": onednn.Algorithm.LOGISTIC_FROM_DST,
    "tanh": onednn.Algorithm.TANH_FROM_DST,
}  # fmt: skip
FUSED = tuple(FROM_DST)
"""Activations that oneDNN computes as a post-op, and differentiates from the output."""


def constants(name: str) -> tuple[float, float]:
    """oneDNN's alpha and beta."""
    if name in ("hard_sigmoid", "hard_swish"):
        return 1 / 6, 0.5
    return {"relu": (0.0, 0.0), "relu6": (0.0, 6.0)}.get(name, (1.0, 0.0))


def post_ops(act: str | None) -> tuple[tuple[Any, ...], ...]:
    """The oneDNN post-op of an absorbed activation."""
    return (("eltwise", ALGORITHM[act], *constants(act)),) if act else ()


def absorbed(reader: Node, training: bool = True) -> str | None:
    """The activation that `reader` is, if a producer may absorb it."""
    name = reader.op.eltwise(reader.params) if reader.op and reader.op.eltwise else None
    return name if name in (FUSED if training else (*FUSED, *OTHERS)) else None


@dataclass(frozen=True)
class BackwardParams:
    """Which function."""

    act: str


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * f'(x), from y."""
    dy, y = ins
    xp.multiply(dy, slope_from_output(xp, node.params.act, y), out=outs[0])


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's eltwise backward from the output."""
    algorithm = FROM_DST.get(node.params.act)
    t = node.types[0]
    if algorithm is None or not onednn.available() or not onednn.supports(t) or t.layout != node.inputs[0].type.layout:
        return None
    md = onednn.desc(t)
    hint = onednn.describe("eltwise_forward", onednn.Prop.TRAINING, algorithm, md, md, 0.0, 0.0)
    pd = hint and onednn.describe("eltwise_backward", algorithm, md, md, md, 0.0, 0.0, hint)
    if pd is None:
        return None
    ins = {onednn.Arg.DIFF_DST: 0, onednn.Arg.DST: 1}
    return onednn.recipe(pd, node, ins, {onednn.Arg.DIFF_SRC: 0}, inplace=((0, 0),))


ACTIVATION_BACKWARD = Op(
    "activation_backward", same_type, {**array_code(run_backward, ((0, 0),)), "onednn": fast_backward},
    params=BackwardParams, inputs=("dy", "y"), layout="follow", precision="follow", pointwise=in_chains(run_backward),
)  # fmt: skip


def backward(node: Node, dy: Entry, act: str | None) -> Entry:
    """The gradient of what stands before the activation `act` of `node`'s output 0."""
    if act is None:
        return dy
    return apply(ACTIVATION_BACKWARD, f"{node.name}_{act}_backward", dy, Entry(node), act=act)
