"""Convolutions with windows of one element: products of matrices, (pixels, channels) by (filters, channels).

Images lie channels-last, so they are such matrices already. The gradient of the weight comes float32 and plain out of
the product, with the bias's beside it.
"""

from __future__ import annotations

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST
from mxtrain.graph import Recipe
from mxtrain.ops._products import product, with_activation, with_bias, with_sums


def takes(p: cuda.Problem) -> bool:
    """True if the problem is a product."""
    ones = all(k == 1 for k in (*p.w.shape[2:], *p.stride)) and not any(p.pad)
    last = all(t.layout == CHANNELS_LAST and t.dtype == p.x.dtype for t in (p.x, p.y))
    return ones and last and p.groups == 1 and p.x.size > 0


def _sizes(p: cuda.Problem) -> tuple[int, int, int]:
    """Pixels, channels, filters."""
    channels = p.x.shape[1]
    return p.x.size // channels, channels, p.y.shape[1]


def forward(device: Device, p: cuda.Problem, bias: bool, act: str | None) -> Recipe | None:
    """y = act(x w^T + bias) of the inputs data, weight and bias."""
    pixels, channels, filters = _sizes(p)
    whole = cuda.Product(1, pixels, channels, filters, False, True, p.x.dtype, p.x.dtype)
    if bias:
        return with_bias(device, whole, act)
    return with_activation(device, whole, act) if act else product(device, whole)


def backward_data(device: Device, p: cuda.Problem, addend: int | None) -> Recipe | None:
    """x's gradient of the inputs dy and weight, and what the addend's input holds."""
    pixels, channels, filters = _sizes(p)
    whole = cuda.Product(1, pixels, filters, channels, False, False, p.x.dtype, p.x.dtype)
    return product(device, whole, addend=addend)


def backward_filter(device: Device, p: cuda.Problem, bias: bool) -> Recipe | None:
    """The weight's gradient, and with `bias` the bias's, of the inputs x and dy."""
    pixels, channels, filters = _sizes(p)
    whole = cuda.Product(1, filters, pixels, channels, True, False, p.x.dtype, "float32")
    return with_sums(device, whole) if bias else product(device, whole, (1, 0))
