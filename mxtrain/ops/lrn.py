"""lrn: local response normalisation over neighbouring channels.

Shapes:
    data (N, C, S...) -> output, same shape; hidden: workspace
    y = x (knorm + alpha / nsize * sum of x^2 over the nsize channels around it) ^ -beta

Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012, but
alpha divided by nsize as MXNet's LRN does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import CHANNELS_LAST, Layout, PartialType, TensorType, merge_shapes
from mxtrain.graph import Call, Entry, Node, Op, Recipe, apply_node
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of

A = onednn.Arg
SOURCE = cuda.source(__file__, {"T": cuda.STORAGE})
BASE = "cuda:base"


@declare
class Params:
    """Parameters of lrn."""

    nsize: int = param(ge=1, doc="channels that are summed over, an odd number")
    alpha: float = param(1e-4, doc="factor of the mean of squares")
    beta: float = param(0.75, doc="exponent")
    knorm: float = param(2.0, doc="what is added to it")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type."""
    if p.nsize % 2 == 0:
        raise ShapeError(f"nsize must be odd, so that as many channels lie on either side; got {p.nsize}")
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    if shape is not None and len(shape) < 2:
        raise ShapeError(f"input 'data' must have the axes (N, C, S...), got {PartialType(shape)}")
    return [PartialType(shape, dtype)], [PartialType(shape, dtype), PartialType((0,), "uint8")]


def neighbours(xp: Any, x: Any, nsize: int) -> Any:
    """The sum over the nsize channels around each."""
    total = x.copy()
    for d in range(1, min(nsize // 2, x.shape[1] - 1) + 1):
        total[:, d:] += x[:, :-d]
        total[:, :-d] += x[:, d:]
    return total


def base(p: Params, xp: Any, x: Any) -> Any:
    """What is raised to -beta."""
    return p.knorm + p.alpha / p.nsize * neighbours(xp, x * x, p.nsize)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    xp.multiply(ins[0], base(node.params, xp, ins[0]) ** -node.params.beta, out=outs[0])


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward; it computes the sums again."""
    p: Params = node.params
    dy, x = ins[:2]
    b = base(p, xp, x)
    inner = neighbours(xp, dy * x * b ** (-p.beta - 1), p.nsize)
    outs[0][...] = dy * b**-p.beta - 2 * p.alpha * p.beta / p.nsize * x * inner


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return list(ins), [ins[1]]


def no_workspace(node: Node) -> dict[int, Layout]:
    """The reference's backward needs none."""
    return {1: Layout("workspace", "none", 0)}


def numbers(p: Params) -> tuple[int, float, float, float]:
    """The parameters as the library takes them."""
    return p.nsize, float(p.alpha), float(p.beta), float(p.knorm)


def trusted(p: Params, t: TensorType) -> bool:
    """True where the library's kernels are right.

    Those of 3.2 crash for a window of 1, and give wrong gradients for windows over 5 and for bfloat16 channels that are
    no multiple of 16.
    """
    return p.nsize in (3, 5) and (t.dtype == "float32" or t.shape[1] % 16 == 0)


def forward_desc(p: Params, t: TensorType, prop: onednn.Prop) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward."""
    if not onednn.available() or not onednn.supports(t) or t.layout.opaque or not trusted(p, t):
        return None
    md = onednn.desc(t)
    return onednn.describe("lrn_forward", prop, onednn.Algorithm.LRN_ACROSS_CHANNELS, md, md, *numbers(p))


def backward_desc(p: Params, t: TensorType) -> onednn.PrimitiveDesc | None:
    """The library's plan for the backward."""
    hint = forward_desc(p, t, onednn.Prop.TRAINING)
    if hint is None:
        return None
    md = onednn.desc(t)
    return onednn.describe("lrn_backward", onednn.Algorithm.LRN_ACROSS_CHANNELS, md, md, md, *numbers(p), hint)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN; a workspace only where a backward will read it."""
    t = node.types[0]
    training = bool(node.used) and node.reads(1)
    pd = forward_desc(node.params, t, onednn.Prop.TRAINING if training else onednn.Prop.INFERENCE)
    if pd is None or node.inputs[0].type != t or (training and backward_desc(node.params, t) is None):
        return None
    outs = {A.DST: 0} | ({A.WORKSPACE: 1} if pd.desc(A.WORKSPACE) else {})
    return onednn.recipe(pd, node, {A.SRC: 0}, outs, hidden=(1,))


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN, if the forward was oneDNN's too: the workspace is its own."""
    t = node.inputs[1].type
    pd = backward_desc(node.params, t)
    if pd is None or node.inputs[0].type != t or node.inputs[2].type.layout.key == "none":
        return None
    ins = {A.DIFF_DST: 0, A.SRC: 1} | ({A.WORKSPACE: 2} if pd.desc(A.WORKSPACE) else {})
    return onednn.recipe(pd, node, ins, {A.DIFF_SRC: 0})


def rows_of(p: Params, t: TensorType) -> list[Any] | None:
    """Rows, channels and what else the CUDA kernels take; None if they do not take the type."""
    if t.dtype not in cuda.STORAGE or (t.layout != CHANNELS_LAST and len(t.shape) > 2) or not t.size:
        return None
    return [t.size // t.shape[1], t.shape[1], p.nsize // 2, float(p.alpha / p.nsize), float(p.beta)]


def gpu(node: Node, device: Device) -> Recipe | None:
    """An own kernel; the base of the power only where a backward will read it."""
    p: Params = node.params
    t, numbers = node.types[0], rows_of(p, node.types[0])
    training = bool(node.used) and node.reads(1)
    if numbers is None or node.inputs[0].type != t:
        return None

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        args = [ins[0], outs[0], outs[1] if training else None, *numbers, float(p.knorm)]
        kernel = cuda.Kernel(SOURCE, "lrn", {"T": t.dtype})
        return cuda.launch(device, kernel, cuda.blocks(t.size, most=1 << 20), args)

    return cuda.recipe(device, "lrn", prepare, gives={1: Layout("workspace", BASE, 4 * t.size if training else 0)})


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """An own kernel, if the forward was ours too: the workspace is ours."""
    t, numbers = node.types[0], rows_of(node.params, node.types[0])
    ours = node.inputs[2].type.layout.key == BASE
    if numbers is None or not ours or any(e.type != t for e in node.inputs[:2]):
        return None

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        kernel = cuda.Kernel(SOURCE, "lrn_backward", {"T": t.dtype})
        return cuda.launch(device, kernel, cuda.blocks(t.size, most=1 << 20), [*ins, outs[0], *numbers])

    return cuda.recipe(device, "lrn", prepare)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data."""
    if dys[0] is None:
        return [None]
    return [apply_node(BACKWARD, f"{node.name}_backward", (dys[0], node.inputs[0], node[1]), node.params)[0]]


BACKWARD = Op(
    "lrn_backward", infer_backward, {"reference": reference(run_backward), "onednn": fast_backward,
     "cuda": gpu_backward}, params=Params,
    inputs=("dy", "data", "workspace"), layout="spatial", flat=("workspace",), precision="narrow",
    wide=("workspace",),
)  # fmt: skip
OP = Op(
    "lrn", infer, {"reference": reference(run, workspace=no_workspace), "onednn": fast, "cuda": gpu},
    params=Params,
    outputs=("output", "workspace"), mxnet=("LRN",), gradient=gradient, layout="spatial", flat=("workspace",),
    precision="narrow", wide=("workspace",),
)  # fmt: skip
