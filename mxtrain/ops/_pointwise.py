"""Operators that are one function of each element: from the function comes everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.params import NoParams
from mxtrain.graph import Entry, Infer, Kernel, Node, Op, Pointwise, Recipe
from mxtrain.ops._call import reference
from mxtrain.ops._infer import same_type
from mxtrain.ops._native import Native, native_kernel

Gradient = Callable[[Node, Sequence[Entry | None]], Sequence[Entry | None]]


def pointwise_op(
    name: str,
    run: Callable[..., None],
    *,
    inputs: tuple[str, ...] = ("data",),
    params: type = NoParams,
    infer: Infer = same_type,
    alias: bool = False,
    **traits: Any,
) -> Op:
    """An operator computed by ``run(params, xp, out, *ins)``, element by element, any layout.

    Args:
        alias: `out` may be one of `ins`.
        traits: further fields of Op; `kernels` are added to the reference kernel, and `native` says how oneDNN computes
            it, by itself and in chains.
    """
    kernels = {"reference": pointwise_kernel(run, alias), "cuda": compiled_kernel(run), **traits.pop("kernels", {})}
    native: Native | None = traits.pop("native", None)
    if native is not None:
        kernels["onednn"] = native_kernel(native)
    traits.setdefault("layout", "follow")
    traits.setdefault("precision", "follow")
    pointwise = Pointwise(run, alias, native=native)
    return Op(name, infer, kernels, params=params, inputs=inputs, pointwise=pointwise, **traits)


def in_chains(run: Callable[[Node, Any, Sequence[Any], Sequence[Any]], None]) -> Pointwise:
    """The trait of an operator that joins chains only where they are compiled, from its reference."""

    def compute(params: Any, xp: Any, out: Any, *ins: Any) -> None:
        run(_Only(params), xp, ins, [out])  # type: ignore[arg-type]

    return Pointwise(compute, compiled=True)


class _Only(NamedTuple):
    """What such a reference reads of a node."""

    params: Any


def pointwise_kernel(run: Callable[..., None], alias: bool) -> Kernel:
    """The reference kernel of ``run(params, xp, out, *ins)``."""

    def compute(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        run(node.params, xp, outs[0], *ins)

    def kernel(node: Node, device: Device) -> Recipe | None:
        # A broadcast input is read again after the first elements are written: only a like one may be written over.
        same = tuple((i, 0) for i, e in enumerate(node.inputs) if e.type == node.types[0]) if alias else ()
        return reference(compute, same)(node, device)

    return kernel


def compiled_kernel(run: Callable[..., None]) -> Kernel:
    """The compiled kernel of ``run(params, xp, out, *ins)``: it reads an element of every input, then writes one."""

    def compute(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        run(node.params, xp, outs[0], *ins)

    def kernel(node: Node, device: Device) -> Recipe | None:
        same = tuple((i, 0) for i, e in enumerate(node.inputs) if e.type == node.types[0])
        return cuda.array_kernel(compute, same)(node, device)

    return kernel
