"""Operators that are one function of each element: from the function comes everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.base.params import NoParams
from mxtrain.graph import Entry, Infer, Node, Op, Pointwise
from mxtrain.ops._call import reference
from mxtrain.ops._infer import same_type

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
        traits: further fields of Op; `kernels` are added to the reference kernel.
    """

    def compute(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        run(node.params, xp, outs[0], *ins)

    kernels = {"reference": reference(compute, tuple((i, 0) for i in range(len(inputs))) if alias else ())}
    kernels.update(traits.pop("kernels", {}))
    traits.setdefault("layout", "follow")
    traits.setdefault("precision", "follow")
    return Op(name, infer, kernels, params=params, inputs=inputs, pointwise=Pointwise(run, alias), **traits)
