"""What oneDNN calls a function of one or two elements: its kernel by itself, and its part in a chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.types import FLOATS
from mxtrain.graph import Kernel, Node, Recipe

Numbers = Callable[[Any], tuple[float, float]]


@dataclass(frozen=True)
class Native:
    """A function as oneDNN has it.

    Args:
        algorithm: its name there.
        numbers: ``(params) -> (alpha, beta)`` of a function of one element; None: it has two.
    """

    algorithm: onednn.Algorithm
    numbers: Numbers | None = None


def binary(algorithm: onednn.Algorithm) -> Native:
    """A function of two elements."""
    return Native(algorithm)


def eltwise(algorithm: onednn.Algorithm, numbers: Numbers = lambda p: (0.0, 0.0)) -> Native:
    """A function of one element."""
    return Native(algorithm, numbers)


def linear(numbers: Numbers) -> Native:
    """alpha x + beta."""
    return Native(onednn.Algorithm.LINEAR, numbers)


def native_kernel(native: Native) -> Kernel:
    """oneDNN's kernel of the function by itself."""
    return _eltwise_kernel(native.algorithm, native.numbers) if native.numbers else _binary_kernel(native.algorithm)


def _binary_kernel(algorithm: onednn.Algorithm) -> Kernel:
    """oneDNN's binary, broadcasting too."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        t = node.types[0]
        types = [e.type for e in node.inputs]
        if not onednn.available() or t.dtype not in FLOATS or not onednn.supports(t):
            return None
        if any(x.layout != t.layout or x.dtype != t.dtype for x in types):
            return None
        rank = len(t.shape)
        axes = [(1,) * (rank - len(x.shape)) + x.shape for x in types]
        mds = [onednn.desc(x, s) for x, s in zip(types, axes, strict=True)]
        pd = onednn.describe("binary", algorithm, *mds, onednn.desc(t))
        if pd is None:
            return None
        ins = {onednn.Arg.SRC: (0, axes[0]), onednn.Arg.SRC_1: (1, axes[1])}
        same = tuple((i, 0) for i, x in enumerate(types) if x == t)
        return onednn.recipe(pd, node, ins, {onednn.Arg.DST: 0}, inplace=same)

    return kernel


def _eltwise_kernel(algorithm: onednn.Algorithm, numbers: Numbers) -> Kernel:
    """oneDNN's eltwise."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        t = node.types[0]
        if not onednn.available() or t.dtype not in FLOATS or not onednn.supports(t) or t != node.inputs[0].type:
            return None
        md = onednn.desc(t)
        pd = onednn.describe("eltwise_forward", onednn.Prop.TRAINING, algorithm, md, md, *numbers(node.params))
        if pd is None:
            return None
        return onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: 0}, inplace=((0, 0),))

    return kernel
