"""convolution: cross-correlation with learned filters, with groups, stride, dilation and zero padding.

Shapes:
    data (N, C, S...), weight (F, C/G, K...), bias (F,) -> output (N, F, O...)
    O = floor((S + 2 pad - dilate (K - 1) - 1) / stride) + 1, with one to three spatial axes

Source: MXNet's Convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops import _call
from mxtrain.ops._activations import absorbed, backward
from mxtrain.ops._add_act import other_addend
from mxtrain.ops._fold import backward_data_flops, backward_weights_flops, fold, weight_flops
from mxtrain.ops.convolution.cuda import gpu, gpu_backward_data, gpu_backward_weights
from mxtrain.ops.convolution.declaration import (
    BackwardData,
    BackwardWeights,
    Fused,
    Params,
    infer,
    infer_backward_data,
    infer_backward_weights,
    input_names,
)
from mxtrain.ops.convolution.onednn import fast, fast_backward_data, fast_backward_weights
from mxtrain.ops.convolution.reference import run, run_backward_data, run_backward_weights


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, weight and bias."""
    p: Params = node.params
    if dys[0] is None:
        return [None] * len(node.inputs)
    plain = Params(**{k: getattr(p, k) for k in Params.__dataclass_fields__})
    dy = backward(node, dys[0], getattr(p, "act", None))
    data, weight = node.inputs[:2]
    dx = apply_node(BACKWARD_DATA, f"{node.name}_backward_data", (dy, weight), BackwardData(plain, data.type.shape))
    dw = apply_node(BACKWARD_WEIGHTS, f"{node.name}_backward_weights", (data, dy), BackwardWeights(plain))
    return [dx[0], *(dw[i] for i in range(len(node.inputs) - 1))]


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """The activation after it; outside training also a batch normalisation, folded into the weights, and a sum."""
    p: Params = node.params
    if getattr(p, "act", None) is not None:
        return None
    fields = {k: getattr(p, k) for k in Params.__dataclass_fields__}
    act, add = absorbed(reader, training), getattr(p, "add", False)
    if act:
        return apply_node(OP, reader.name, node.inputs, Fused(**fields, act=act, add=add), (node.name, reader.name))
    if training or add:
        return None
    addend = other_addend(node, reader)
    if addend:
        fused = Fused(**fields, add=True)
        return apply_node(OP, reader.name, (*node.inputs, addend), fused, (node.name, reader.name))
    folded = fold(node, reader, p.no_bias)
    if folded is None:
        return None
    inputs, act = folded
    fields["no_bias"] = False
    return apply_node(OP, reader.name, inputs, Fused(**fields, act=act), (node.name, reader.name))


def absorb_sum(node: Node, reader: Node) -> Node | None:
    """The sum of a gradient towards the data and another one of the same data."""
    addend = None if node.params.add else other_addend(node, reader)
    if addend is None:
        return None
    return apply_node(
        BACKWARD_DATA, reader.name, (*node.inputs, addend), replace(node.params, add=True), (node.name, reader.name)
    )


BACKWARD_DATA = Op(
    "convolution_backward_data", infer_backward_data,
    {"reference": _call.reference(run_backward_data), "onednn": fast_backward_data,
     "cuda": gpu_backward_data}, flops=backward_data_flops,
    params=BackwardData,
    inputs=lambda b: b.input_names, absorb_compiled=absorb_sum, layout="spatial", flat=("weight",), precision="narrow",
)  # fmt: skip
BACKWARD_WEIGHTS = Op(
    "convolution_backward_weights", infer_backward_weights,
    {"reference": _call.reference(run_backward_weights), "onednn": fast_backward_weights,
     "cuda": gpu_backward_weights},
    flops=backward_weights_flops,
    params=BackwardWeights, inputs=("data", "dy"), layout="spatial", precision="narrow",
    outputs=lambda b: ("dweight",) if b.forward.no_bias else ("dweight", "dbias"),
    flat=("dweight", "dbias"), wide=("dweight", "dbias"),
)  # fmt: skip
OP = Op(
    "convolution", infer, {"reference": _call.reference(run), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=input_names,
    mxnet=("Convolution", "Convolution_v1"), gradient=gradient, absorb=absorb, flops=weight_flops, layout="spatial",
    flat=("weight", "bias"), precision="narrow", wide=("bias",),
)  # fmt: skip
