"""Recipes of cuBLASLt's products, with bias and activation after them or the bias's gradient beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import ITEMSIZE, TensorType
from mxtrain.graph import Call, Node, Recipe
from mxtrain.ops._weights import column_sums, epilogue, narrowed, slices


def explained(device: Device, m: cuda.Matmul) -> Callable[[Any], str]:
    """A negative status is the library's, another the driver's, of one of our kernels."""
    own = cuda.cuda_of(device).explain
    return lambda status: m.lt.explain(status) if int(status) < 0 else own(status)


def usable(node: Node) -> bool:
    """True if all arrays are plain."""
    return all(t.layout.name == "plain" for t in (*(e.type for e in node.inputs), *node.types))


def recipe(device: Device, m: cuda.Matmul, prepare: Any, sizes: Sequence[int], name: str = "", **more: Any) -> Recipe:
    """The recipe around a product."""
    return Recipe(
        prepare,
        f"cuda:{m.name}{name}",
        scratch=cuda.total(sizes),
        capturable=True,
        explain=explained(device, m),
        **more,
    )


def product(
    device: Device, p: cuda.Product, inputs: tuple[int, int] = (0, 1), addend: int | None = None
) -> Recipe | None:
    """The product of two inputs, and what a third one holds.

    Args:
        inputs: which they are.
        addend: which is added.
    """
    m = cuda.matmul(device, p)
    if m is None:
        return None

    sizes = (m.workspace,)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        (space,) = cuda.pieces(device, scratch, sizes)
        a, b, out = (device.address(x) for x in (ins[inputs[0]], ins[inputs[1]], outs[0]))
        added = 0 if addend is None else device.address(ins[addend])
        return m.call(a, b, out, 0 if space is None else device.address(space), addend=added)

    if addend is None:
        return recipe(device, m, prepare, sizes)
    return recipe(device, m, prepare, sizes, "+add", inplace=((addend, 0),))


def with_bias(device: Device, p: cuda.Product, act: str | None) -> Recipe | None:
    """act(product of inputs 0 and 1 + input 2): in one call where the library can, else with a kernel after it."""
    whole = cuda.Epilogue.RELU_BIAS if act == "relu" else cuda.Epilogue.BIAS
    m = cuda.matmul(device, p._replace(epilogue=whole))
    bias_after, act_after = m is None, act not in (None, "relu") or (m is None and act is not None)
    m = m or cuda.matmul(device, p)
    if m is None:
        return None
    usable_m = m
    narrow = not bias_after and p.out != "float32"
    sizes = (m.workspace, p.cols * ITEMSIZE[p.out] if narrow else 0)
    t = TensorType((p.rows, p.cols), p.out)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        space, short = cuda.pieces(device, scratch, sizes)
        calls = [narrowed(device, ins[2], short, p.out)] if narrow else []
        vector = 0 if bias_after else device.address(short if narrow else ins[2])
        a, b, out = (device.address(x) for x in (ins[0], ins[1], outs[0]))
        calls.append(usable_m.call(a, b, out, 0 if space is None else device.address(space), (vector, 0)))
        if bias_after or act_after:
            added = (ins[2] if bias_after else None, None)
            calls.append(epilogue(device, outs[0], t, p.cols, act if act_after else None, added))
        return cuda.together(calls)

    return recipe(device, m, prepare, sizes, "" if bias_after else "+bias")


def with_activation(device: Device, p: cuda.Product, act: str) -> Recipe | None:
    """act(product of inputs 0 and 1)."""
    m = cuda.matmul(device, p)
    if m is None:
        return None
    t = TensorType((p.rows, p.cols), p.out)
    sizes = (m.workspace,)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        (space,) = cuda.pieces(device, scratch, sizes)
        a, b, out = (device.address(x) for x in (ins[0], ins[1], outs[0]))
        first = m.call(a, b, out, 0 if space is None else device.address(space))
        return cuda.together([first, epilogue(device, outs[0], t, p.cols, act)])

    return recipe(device, m, prepare, sizes)


def with_sums(device: Device, p: cuda.Product) -> Recipe | None:
    """Output 0: the product of input 1, given transposed, and input 0; output 1: the sums over input 1's rows (R, M).

    In one call where the library can, else the sums by a kernel after it.
    """
    m = cuda.matmul(device, p._replace(epilogue=cuda.Epilogue.BGRADB))
    apart = m is None
    m = m or cuda.matmul(device, p)
    if m is None:
        return None
    usable_m = m
    sizes = (m.workspace, 4 * p.rows * slices(p.inner) if apart else 0)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        space, part = cuda.pieces(device, scratch, sizes)
        a, b, out, sums = (device.address(x) for x in (ins[1], ins[0], *outs))
        workspace = 0 if space is None else device.address(space)
        calls = [usable_m.call(a, b, out, workspace, (0 if apart else sums, 0))]
        if apart:
            calls += column_sums(device, ins[1], p.dtype, outs[1], part)
        return cuda.together(calls)

    return recipe(device, m, prepare, sizes, "" if apart else "+sums")
