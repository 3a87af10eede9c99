"""Making kernels out of plain array functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mxtrain.backends import cuda
from mxtrain.base.bfloat16 import narrow, widen
from mxtrain.base.device import Device
from mxtrain.base.types import NARROW
from mxtrain.graph import Call, Kernel, Node, Recipe

Run = Callable[[Node, Any, Sequence[Any], Sequence[Any]], None]


def reference(
    run: Run, inplace: tuple[tuple[int, int], ...] = (), workspace: Callable[[Node], dict[int, Any]] | None = None
) -> Kernel:
    """A reference kernel of ``run(node, xp, ins, outs)``, array code that fills `outs` and may allocate.

    16-bit floats reach `run` as float32 and are rounded when it returns: sums are not made in 16 bits.

    Args:
        inplace: pairs (input, output) that may be one array.
        workspace: ``(node) -> {output: layout}`` of hidden outputs whose format the kernel decides.
    """

    def kernel(node: Node, device: Device) -> Recipe | None:
        if any(e.type.layout.opaque and e.type.layout.name == "packed" for e in node.inputs):
            return None
        xp = device.xp
        narrow_ins = [e.type.dtype in NARROW for e in node.inputs]
        narrow_outs = [t.dtype in NARROW for t in node.types]

        def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
            return run, (node, xp, ins, outs)

        def rounded(ins: Sequence[Any], outs: Sequence[Any]) -> None:
            wide_ins = [_widened(a, xp) if n else a for a, n in zip(ins, narrow_ins, strict=True)]
            wide_outs = [xp.empty(a.shape, xp.float32) if n else a for a, n in zip(outs, narrow_outs, strict=True)]
            run(node, xp, wide_ins, wide_outs)
            for a, w, n in zip(outs, wide_outs, narrow_outs, strict=True):
                if n:
                    _round(a, w, xp)

        def prepare_rounded(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
            return rounded, (ins, outs)

        return Recipe(
            prepare_rounded if any(narrow_ins + narrow_outs) else prepare,
            inplace=inplace,
            gives=workspace(node) if workspace else {},
        )

    return kernel


def _widened(a: Any, xp: Any) -> Any:
    return widen(a, xp) if a.dtype == np.uint16 else a.astype(xp.float32)


def _round(out: Any, wide: Any, xp: Any) -> None:
    if out.dtype == np.uint16:
        out[...] = narrow(wide, xp)
        return
    # What float16 cannot hold becomes infinite: loss scaling looks for it.
    with np.errstate(over="ignore"):
        xp.copyto(out, wide, casting="unsafe")


def array_code(
    run: Run, inplace: tuple[tuple[int, int], ...] = (), workspace: Callable[[Node], dict[int, Any]] | None = None
) -> dict[str, Kernel]:
    """The reference kernel of `run`, and the compiled one of a GPU for code that can be compiled."""
    return {"reference": reference(run, inplace, workspace), "cuda": cuda.array_kernel(run, inplace, workspace)}


def view() -> Kernel:
    """A kernel of an operator that only looks at its input 0 with other axes: nothing runs."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        if node.inputs[0].type.layout.opaque:
            return None
        return Recipe(lambda ins, outs, scratch: None, "view", view=True)

    return kernel
