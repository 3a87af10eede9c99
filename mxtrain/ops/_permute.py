"""Permutations of axes: what transpose and swap_axis share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Kernel, Node, Op, Recipe, apply
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._move import keeps_order, moving, reordered

Order = Callable[[Any, int], tuple[int, ...]]
"""(params, number of axes) -> the data's axes in the order of the output's."""


@dataclass(frozen=True)
class Axes:
    """An order of axes."""

    axes: tuple[int, ...]


def permutation(name: str, order: Order, params: type, **traits: Any) -> Op:
    """An operator that puts axes in another order."""

    def infer(p: Any, ins: Types, outs: Types) -> Inferred:
        """Either side from the other."""
        dtype = dtype_of(ins[0], outs[0])
        data, out = ins[0].shape, outs[0].shape
        if data is not None:
            out = tuple(data[a] for a in order(p, len(data)))
        elif out is not None:
            back = inverse(order(p, len(out)))
            data = tuple(out[a] for a in back)
        return [PartialType(data, dtype)], [PartialType(out, dtype)]

    def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        """Reference forward."""
        outs[0][...] = ins[0].transpose(order(node.params, ins[0].ndim))

    reference = moving(run)
    compiled = cuda.array_kernel(run)

    def slow(node: Node, device: Device) -> Recipe | None:
        """Nothing runs where only axes of 1 move."""
        t = node.inputs[0].type
        if keeps_order(t, order(node.params, len(t.shape))):
            return Recipe(lambda ins, outs, scratch: None, "view", view=True)
        return reference(node, device)

    def gpu(node: Node, device: Device) -> Recipe | None:
        """The same, compiled."""
        t = node.inputs[0].type
        return None if keeps_order(t, order(node.params, len(t.shape))) else compiled(node, device)

    def fast(node: Node, device: Device) -> Recipe | None:
        """oneDNN's reorder."""
        t = node.inputs[0].type
        axes = order(node.params, len(t.shape))
        return None if keeps_order(t, axes) else reordered(node, axes)

    def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
        """The way back."""
        axes = inverse(order(node.params, len(node.types[0].shape)))
        return [dy[0] and apply(PERMUTED, f"{node.name}_backward", dy[0], axes=axes)]

    kernels: dict[str, Kernel] = {"reference": slow, "onednn": fast, "cuda": gpu}
    return Op(name, infer, kernels, params=params, gradient=gradient, precision="follow", **traits)


def inverse(axes: Sequence[int]) -> tuple[int, ...]:
    """The order that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=lambda k: axes[k]))


PERMUTED = permutation("permuted", lambda p, rank: p.axes, Axes)
