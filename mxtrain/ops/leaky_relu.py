"""leaky_relu: x where it is positive, and less of it where it is not.

Shapes:
    data (any) -> output, same shape
    prelu: data (N, C, S...), gamma (C,) or (1,); rrelu: data (N, D...), random_state (5,), hidden mask as data: dy/dx

For x <= 0: leaky: slope x; prelu: gamma x; rrelu: slope x with a slope of each element's own, uniform between the
bounds, and their mean outside training; elu: slope (exp(x) - 1); selu: the same with constants of its own, and x > 0
scaled too. gelu: x Phi(x) everywhere. The front fills `random_state` (see _random.py).

Source: MXNet's LeakyReLU; Klambauer et al., "Self-normalizing neural networks", 2017 (selu). MXNet
1.9.1's gradient of selu is that of another function; this one is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, TensorType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply, apply_node
from mxtrain.ops import _random_cuda
from mxtrain.ops._call import array_code, reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, same_type, statistics_dtype
from mxtrain.ops._random import STATE, STATE_TYPE, draw, room, room_bytes
from mxtrain.ops._special import erf

A = onednn.Arg
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


@declare
class Params:
    """Parameters of leaky_relu."""

    act_type: Literal["leaky", "prelu", "rrelu", "elu", "selu", "gelu"] = param("leaky", doc="the function")
    slope: float = param(0.25, doc="slope of leaky, limit of elu")
    lower_bound: float = param(0.125, doc="least slope of rrelu")
    upper_bound: float = param(0.334, doc="largest slope of rrelu")


@dataclass(frozen=True)
class Backward:
    """The function, and what its slope is computed from."""

    act_type: str
    slope: float
    from_output: bool


def input_names(p: Params) -> tuple[str, ...]:
    """prelu learns, rrelu draws."""
    return {"prelu": ("data", "gamma"), "rrelu": ("data", STATE)}.get(p.act_type, ("data",))


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type; gamma from the channels."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    data = PartialType(shape, dtype)
    if p.act_type == "rrelu":
        if p.lower_bound > p.upper_bound or shape == ():
            raise ShapeError(f"rrelu needs data (N, D...), got {data}, and lower_bound {p.lower_bound} <= upper_bound "
                             f"{p.upper_bound}")  # fmt: skip
        return [data, STATE_TYPE], [data, data]
    if p.act_type != "prelu":
        return [data], [data]
    gamma = ins[1].shape
    if gamma != (1,) and shape is not None:
        if len(shape) < 2:
            raise ShapeError(f"input 'data' must have the axes (N, C, S...) for one slope per channel, got {data}")
        gamma = (shape[1],)
    return [data, PartialType(gamma, ins[1].dtype or statistics_dtype(dtype))], [data]


def negative(act: str, slope: float, xp: Any, x: Any) -> Any:
    """What leaky, elu and selu are for x <= 0."""
    if act == "leaky":
        return slope * x
    below = xp.expm1(xp.minimum(x, 0))
    return slope * below if act == "elu" else SELU_SCALE * SELU_ALPHA * below


def gamma_axes(gamma: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes of gamma that broadcast over the data."""
    return (1, *gamma, *(1,) * (rank - 2)) if rank > 1 else tuple(gamma)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    x, act = ins[0], p.act_type
    if act == "rrelu":
        slopes(node, xp, ins, outs[1])
        xp.multiply(x, outs[1], out=outs[0])
    elif act == "prelu":
        outs[0][...] = xp.where(x > 0, x, x * ins[1].reshape(gamma_axes(ins[1].shape, x.ndim)))
    elif act == "gelu":
        outs[0][...] = 0.5 * x * (1 + erf(xp, x / math.sqrt(2)))
    else:
        outs[0][...] = xp.where(x > 0, SELU_SCALE * x if act == "selu" else x, negative(act, p.slope, xp, x))


def slopes(node: Node, xp: Any, ins: Sequence[Any], out: Any) -> None:
    """rrelu's derivative at each element: 1, or what is drawn."""
    p: Params = node.params

    def uniform(words: Any, target: Any) -> None:
        xp.right_shift(words, xp.uint64(8), out=words)
        xp.multiply(words, (p.upper_bound - p.lower_bound) * 2.0**-24, out=target, casting="same_kind")
        xp.add(target, p.lower_bound, out=target)

    space = room(xp.empty(room_bytes(out.shape, out.itemsize), xp.uint8), out.shape, xp, out.dtype)
    draw(xp, out, uniform, node.name, ins[1], space)
    xp.copyto(out, 1, where=ins[0] > 0)


def gpu(node: Node, device: Device) -> Recipe | None:
    """The compiled reference; rrelu's slopes are drawn by a kernel before it."""
    p: Params = node.params
    if p.act_type != "rrelu":
        return cuda.array_kernel(run)(node, device)

    def code(xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        xp.copyto(outs[1], 1, where=ins[0] > 0)
        xp.multiply(ins[0], outs[1], out=outs[0])

    step = (p.upper_bound - p.lower_bound) * 2.0**-24
    return _random_cuda.drawn(node, device, ("uniform", (p.lower_bound, step)), code)


def derivative(b: Backward, xp: Any, v: Any) -> Any:
    """f'(x), from x or from y = f(x)."""
    if b.act_type == "gelu":
        density = xp.exp(-0.5 * v * v) / math.sqrt(2 * math.pi)
        return 0.5 * (1 + erf(xp, v / math.sqrt(2))) + v * density
    if b.act_type == "selu":
        return xp.where(v > 0, SELU_SCALE, v + SELU_SCALE * SELU_ALPHA)
    if b.act_type == "leaky":
        return xp.where(v > 0, 1, b.slope)
    return xp.where(v > 0, 1, v + b.slope if b.from_output else b.slope * xp.exp(xp.minimum(v, 0)))


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward of all but prelu and rrelu."""
    outs[0][...] = ins[0] * derivative(node.params, xp, ins[1])


def run_prelu_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward of prelu."""
    dy, x, gamma = ins
    outs[0][...] = xp.where(x > 0, dy, dy * gamma.reshape(gamma_axes(gamma.shape, x.ndim)))
    axes = None if gamma.size == 1 else (0, *range(2, x.ndim))
    outs[1][...] = (dy * xp.minimum(x, 0)).sum(axis=axes)


def run_rrelu_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * mask."""
    xp.multiply(ins[0], ins[1], out=outs[0])


ALGORITHM = {"leaky": onednn.Algorithm.RELU, "elu": onednn.Algorithm.ELU, "gelu": onednn.Algorithm.GELU_ERF}
FROM_DST = {"leaky": onednn.Algorithm.RELU_FROM_DST, "elu": onednn.Algorithm.ELU_FROM_DST}


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's eltwise and prelu."""
    p: Params = node.params
    t = node.types[0]
    if not onednn.available() or not onednn.supports(t) or t.layout.opaque or node.inputs[0].type != t:
        return None
    md = onednn.desc(t)
    ins: dict[int, Any] = {A.SRC: 0}
    pd = None
    if p.act_type == "prelu":
        gamma = node.inputs[1].type
        axes = gamma_axes(gamma.shape, len(t.shape))
        ins[A.WEIGHTS] = (1, axes)
        pd = onednn.describe("prelu_forward", onednn.Prop.TRAINING, md, onednn.desc(gamma, axes), md)
    elif p.act_type in ALGORITHM:
        name = ALGORITHM[p.act_type]
        pd = onednn.describe("eltwise_forward", onednn.Prop.TRAINING, name, md, md, float(p.slope), 0.0)
    return None if pd is None else onednn.recipe(pd, node, ins, {A.DST: 0}, inplace=((0, 0),))


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's eltwise backward."""
    b: Backward = node.params
    t = node.types[0]
    algorithm = (FROM_DST if b.from_output else ALGORITHM).get(b.act_type)
    if algorithm is None or not onednn.available() or not onednn.supports(t) or any(e.type != t for e in node.inputs):
        return None
    md = onednn.desc(t)
    hint = onednn.describe("eltwise_forward", onednn.Prop.TRAINING, algorithm, md, md, float(b.slope), 0.0)
    pd = hint and onednn.describe("eltwise_backward", algorithm, md, md, md, float(b.slope), 0.0, hint)
    if pd is None:
        return None
    ins = {A.DIFF_DST: 0, (A.DST if b.from_output else A.SRC): 1}
    return onednn.recipe(pd, node, ins, {A.DIFF_SRC: 0}, inplace=((0, 0),))


def fast_prelu_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's prelu backward."""
    t, gamma = node.types[0], node.inputs[2].type
    if not onednn.available() or not onednn.supports(t) or any(e.type != t for e in node.inputs[:2]):
        return None
    axes = gamma_axes(gamma.shape, len(t.shape))
    md, weights, dweights = onednn.desc(t), onednn.desc(gamma, axes), onednn.desc(TensorType(gamma.shape), axes)
    hint = onednn.describe("prelu_forward", onednn.Prop.TRAINING, md, weights, md)
    pd = hint and onednn.describe("prelu_backward", md, weights, md, dweights, md, hint)
    if pd is None:
        return None
    ins: dict[int, Any] = {A.DIFF_DST: 0, A.SRC: 1, A.WEIGHTS: (2, axes)}
    return onednn.recipe(pd, node, ins, {A.DIFF_SRC: 0, A.DIFF_WEIGHTS: (1, axes)})


def infer_prelu_backward(params: Any, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    return list(ins), [ins[1], ins[2]]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """From the output where that is enough, so that the data need not be kept."""
    p: Params = node.params
    name = f"{node.name}_backward"
    if dys[0] is None:
        return [None] * len(node.inputs)
    if p.act_type == "rrelu":
        return [apply(RRELU_BACKWARD, name, dys[0], node[1]), None]
    if p.act_type == "prelu":
        back = apply_node(PRELU_BACKWARD, name, (dys[0], *node.inputs), PRELU_BACKWARD.params())
        return [back[0], back[1]]
    # With a negative slope the sign of y no longer tells that of x.
    from_output = p.act_type == "selu" or (p.act_type in FROM_DST and p.slope >= 0)
    source = node[0] if from_output else node.inputs[0]
    return [apply_node(BACKWARD, name, (dys[0], source), Backward(p.act_type, p.slope, from_output))[0]]


def at_eval(node: Node) -> Sequence[Entry]:
    """rrelu with the mean of its slopes; the others as they are."""
    p: Params = node.params
    if p.act_type != "rrelu":
        return [node[0]]
    fixed = replace(p, act_type="leaky", slope=(p.lower_bound + p.upper_bound) / 2)
    return [apply_node(OP, node.name, node.inputs[:1], fixed, node.origins, node.source)[0]]


BACKWARD = Op(
    "leaky_relu_backward", same_type, {**array_code(run_backward, ((0, 0),)), "onednn": fast_backward},
    params=Backward, inputs=("dy", "source"), layout="follow", precision="follow",
)  # fmt: skip
PRELU_BACKWARD = Op(
    "prelu_backward", infer_prelu_backward,
    {**array_code(run_prelu_backward), "onednn": fast_prelu_backward}, inputs=("dy", "data", "gamma"),
    outputs=("ddata", "dgamma"), layout="follow", flat=("gamma", "dgamma"), precision="follow",
    wide=("gamma", "dgamma"),
)  # fmt: skip
RRELU_BACKWARD = Op(
    "rrelu_backward", same_type, {**array_code(run_rrelu_backward, ((0, 0),))}, inputs=("dy", "mask"),
    layout="follow", precision="follow",
)  # fmt: skip
OP = Op(
    "leaky_relu", infer, {"reference": reference(run), "onednn": fast, "cuda": gpu}, params=Params, inputs=input_names,
    outputs=lambda p: ("output", "mask") if p.act_type == "rrelu" else ("output",), mxnet=("LeakyReLU",),
    gradient=gradient, at_eval=at_eval, layout="follow", flat=("gamma", STATE), precision="follow", wide=("gamma",),
    random=True,
)  # fmt: skip
