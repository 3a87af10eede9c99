"""Kernels of convolution on CUDA: cuDNN's; own ones where every channel has a filter of its own; products of matrices
where the window is one element, and of windows that are written out as rows. What is fastest is chosen by timing.

Data and filters lie channels-last; gradients of weights come plain and float32.
"""

from __future__ import annotations

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, TensorType
from mxtrain.graph import Node, Recipe
from mxtrain.ops._cudnn import backward_data, backward_filter, forward
from mxtrain.ops._fastest import fastest
from mxtrain.ops.convolution import columns, depthwise, products
from mxtrain.ops.convolution.declaration import Params, geometry


def problem(p: Params, data: TensorType, out: TensorType) -> cuda.Problem:
    """The convolution as the library sees it."""
    g = geometry(p)
    w = TensorType((p.num_filter, data.shape[1] // p.num_group, *g.kernel), data.dtype, CHANNELS_LAST)
    return cuda.Problem(data, w, out, g.stride, g.dilate, g.pad, p.num_group)


def gpu(node: Node, device: Device) -> Recipe | None:
    """Forward, with bias, addend and activation."""
    p: Params = node.params
    whole = problem(p, node.inputs[0].type, node.types[0])
    bias = None if p.no_bias else 2
    addend = len(node.inputs) - 1 if getattr(p, "add", False) else None
    act = getattr(p, "act", None)
    made = {"cudnn": forward(device, whole, bias, addend, act)}
    if depthwise.takes(whole):
        made["own"] = depthwise.forward(device, whole, bias, addend, act)
    if products.takes(whole) and addend is None:
        made["product"] = products.forward(device, whole, bias is not None, act)
    if columns.takes_forward(whole) and addend is None:
        made["columns"] = columns.forward(device, whole, bias is not None, act)
    return fastest(device, node, made)


def gpu_backward_data(node: Node, device: Device) -> Recipe | None:
    """Towards the data, with another gradient added or not."""
    whole = problem(node.params.forward, node.types[0], node.inputs[0].type)
    addend = 2 if node.params.add else None
    made = {"cudnn": backward_data(device, whole, addend=addend)}
    if depthwise.takes(whole):
        made["own"] = depthwise.backward_data(device, whole, addend)
    if products.takes(whole):
        made["product"] = products.backward_data(device, whole, addend)
    return fastest(device, node, made)


def gpu_backward_weights(node: Node, device: Device) -> Recipe | None:
    """Towards weight and bias."""
    p: Params = node.params.forward
    whole = problem(p, node.inputs[0].type, node.inputs[1].type)
    made = {"cudnn": backward_filter(device, whole, not p.no_bias)}
    if depthwise.takes(whole):
        made["own"] = depthwise.backward_filter(device, whole, not p.no_bias)
    if products.takes(whole):
        made["product"] = products.backward_filter(device, whole, not p.no_bias)
    if columns.takes(whole):
        made["columns"] = columns.backward_filter(device, whole, not p.no_bias)
    return fastest(device, node, made)
