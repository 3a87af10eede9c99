"""activation: y = f(x), element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's Activation (relu, sigmoid, tanh, softrelu, softsign); gelu (exact, by erf) and silu as in
Hendrycks and Gimpel, "Gaussian error linear units", 2016; hard_sigmoid, min(max(x / 6 + 1/2, 0), 1), and hard_swish,
x times that, as in Howard et al., "Searching for MobileNetV3", 2019.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, Recipe, apply
from mxtrain.ops._activations import ALGORITHM, ALL, FORWARD, backward, constants, ramp, sigmoid
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import same_type
from mxtrain.ops._pointwise import in_chains
from mxtrain.ops._special import erf


@declare
class Params:
    """Parameters of activation."""

    act_type: Literal[
        "relu", "sigmoid", "tanh", "softrelu", "softsign", "gelu", "silu", "hard_sigmoid", "hard_swish"
    ] = param(doc="the function")  # fmt: skip


@dataclass(frozen=True)
class InputParams:
    """A function whose gradient needs its input."""

    act: str


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    ALL[node.params.act_type](xp, ins[0], outs[0])


def slope(name: str, xp: Any, x: Any) -> Any:
    """The derivative at x, of what is not in FORWARD."""
    if name == "gelu":
        density = xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return 0.5 * (1 + erf(xp, x / math.sqrt(2))) + x * density
    if name in ("hard_sigmoid", "hard_swish"):
        sloping = ((x > -3) & (x < 3)).astype(x.dtype) / 6
        return sloping if name == "hard_sigmoid" else ramp(xp, x) + x * sloping
    s = xp.empty_like(x)
    sigmoid(xp, x, s)
    return s * (1 + x * (1 - s))


def run_input_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * f'(x), from x."""
    dy, x = ins
    xp.multiply(dy, slope(node.params.act, xp, x), out=outs[0])


def forward_desc(node: Node, name: str) -> onednn.PrimitiveDesc | None:
    """oneDNN's eltwise forward of one of our names."""
    t = node.types[0]
    algorithm = ALGORITHM.get(name)
    if algorithm is None or not onednn.available() or not onednn.supports(t) or t.layout != node.inputs[0].type.layout:
        return None
    md = onednn.desc(t)
    return onednn.describe("eltwise_forward", onednn.Prop.TRAINING, algorithm, md, md, *constants(name))


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's eltwise."""
    pd = forward_desc(node, node.params.act_type)
    if pd is None:
        return None
    return onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: 0}, inplace=((0, 0),))


def fast_input_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's eltwise backward from the input."""
    hint = forward_desc(node, node.params.act)
    md = onednn.desc(node.types[0]) if hint else None
    act = node.params.act
    pd = hint and onednn.describe("eltwise_backward", ALGORITHM[act], md, md, md, *constants(act), hint)
    if pd is None:
        return None
    ins = {onednn.Arg.DIFF_DST: 0, onednn.Arg.SRC: 1}
    return onednn.recipe(pd, node, ins, {onednn.Arg.DIFF_SRC: 0}, inplace=((0, 0),))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """From the output where that is enough, else from the input."""
    name = node.params.act_type
    if dy[0] is None:
        return [None]
    if name in FORWARD:
        return [backward(node, dy[0], name)]
    return [apply(INPUT_BACKWARD, f"{node.name}_backward", dy[0], node.inputs[0], act=name)]


INPUT_BACKWARD = Op(
    "activation_input_backward", same_type,
    {**array_code(run_input_backward, ((0, 0),)), "onednn": fast_input_backward},
    params=InputParams, inputs=("dy", "data"), layout="follow", precision="follow",
    pointwise=in_chains(run_input_backward),
)  # fmt: skip
OP = Op(
    "activation", same_type, {**array_code(run), "onednn": fast}, params=Params, mxnet=("Activation",),
    gradient=gradient, eltwise=lambda p: p.act_type, layout="follow", precision="follow", pointwise=in_chains(run),
)  # fmt: skip
