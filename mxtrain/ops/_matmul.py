"""Products of matrices: what dot and batch_dot share."""

from __future__ import annotations

from typing import NamedTuple

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, Recipe, apply
from mxtrain.ops import _products


@declare
class Params:
    """Parameters of a product."""

    transpose_a: bool = param(False, doc="the left one is given transposed")
    transpose_b: bool = param(False, doc="the right one is given transposed")


class Sizes(NamedTuple):
    """(B, M, K) times (B, K, N)."""

    batch: int
    rows: int
    inner: int
    cols: int


def matrix(dtype: str, sizes: tuple[int, int, int], transposed: bool = False) -> onednn.MemoryDesc:
    """The descriptor of matrices (B, rows, cols), each given transposed or not."""
    batch, rows, cols = sizes
    steps = (1, rows) if transposed else (cols, 1)
    if batch == 1:
        return onednn.strided((rows, cols), dtype, steps)
    return onednn.strided(sizes, dtype, (rows * cols, *steps))


def fast_product(node: Node, s: Sizes) -> Recipe | None:
    """oneDNN's matmul of the two inputs; a transposed one is read as it lies."""
    p: Params = node.params
    types = (*(e.type for e in node.inputs), *node.types)
    if not onednn.available() or not onednn.supports(*types) or any(t.layout.name != "plain" for t in types):
        return None
    a = matrix(types[0].dtype, (s.batch, s.rows, s.inner), p.transpose_a)
    b = matrix(types[1].dtype, (s.batch, s.inner, s.cols), p.transpose_b)
    y = matrix(types[2].dtype, (s.batch, s.rows, s.cols))
    pd = onednn.describe("matmul", a, b, None, y)
    if pd is None:
        return None
    return onednn.recipe(pd, node, {onednn.Arg.SRC: (0, a), onednn.Arg.WEIGHTS: (1, b)}, {onednn.Arg.DST: (0, y)})


def gpu_product(node: Node, s: Sizes, device: Device) -> Recipe | None:
    """cuBLASLt's product; a transposed factor is read as it lies."""
    p: Params = node.params
    a, b = (e.type for e in node.inputs)
    if not _products.usable(node) or a.dtype != b.dtype:
        return None
    return _products.product(device, cuda.Product(*s, p.transpose_a, p.transpose_b, a.dtype, node.types[0].dtype))


def product_gradient(op: Op, node: Node, dy: Entry, a: Entry, b: Entry) -> tuple[Entry, Entry]:
    """The gradients towards both factors, which are products too."""
    p: Params = node.params
    ta, tb = p.transpose_a, p.transpose_b
    left, right = f"{node.name}_backward_lhs", f"{node.name}_backward_rhs"
    da = apply(op, left, b, dy, transpose_a=tb, transpose_b=True) if ta else apply(op, left, dy, b, transpose_b=not tb)
    db = (
        apply(op, right, dy, a, transpose_a=True, transpose_b=ta) if tb else apply(op, right, a, dy, transpose_a=not ta)
    )
    return da, db
