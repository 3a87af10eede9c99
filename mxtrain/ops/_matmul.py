"""Products of matrices: what the operators that are such share."""

from __future__ import annotations

from typing import Any, NamedTuple

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply
from mxtrain.ops import _products
from mxtrain.ops._infer import Inferred, Types, dtype_of


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


def product_gradient(op: Op, node: Node, dy: Entry, a: Entry, b: Entry, **more: Any) -> tuple[Entry, Entry]:
    """The gradients towards both factors, which are products too.

    Args:
        more: further parameters of these products.
    """
    p: Params = node.params
    ta, tb = p.transpose_a, p.transpose_b
    left, right = f"{node.name}_backward_lhs", f"{node.name}_backward_rhs"

    def product(name: str, x: Entry, y: Entry, turn_x: bool, turn_y: bool) -> Entry:
        return apply(op, name, x, y, transpose_a=turn_x, transpose_b=turn_y, **more)

    da = product(left, b, dy, tb, True) if ta else product(left, dy, b, False, not tb)
    db = product(right, dy, a, True, ta) if tb else product(right, a, dy, not ta, False)
    return da, db


def turned(shape: PartialShape, turn: bool) -> PartialShape:
    """The shape with its last two axes exchanged, if `turn`."""
    return (*shape[:-2], shape[-1], shape[-2]) if turn else shape


def infer_products(p: Params, ins: Types, outs: Types, names: tuple[str, str] = ("lhs", "rhs")) -> Inferred:
    """Every axis of (B..., rows, columns) stands in two of the three shapes; each is taken from wherever it is known.

    Args:
        names: of the factors.

    Raises:
        ShapeError: if they do not multiply.
    """
    dtype = dtype_of(*ins, *outs)
    rank = next((len(t.shape) for t in (*ins, *outs) if t.shape is not None), None)
    if rank is None:
        return [PartialType(None, dtype)] * 2, [PartialType(None, dtype)]
    nothing = (None,) * rank
    lhs, rhs = turned(ins[0].shape or nothing, p.transpose_a), turned(ins[1].shape or nothing, p.transpose_b)
    out = outs[0].shape or nothing
    try:
        batch = merge_shapes(merge_shapes(lhs[:-2], rhs[:-2]), out[:-2]) or ()
        (inner,) = merge_shapes(lhs[-1:], rhs[-2:-1]) or (None,)
    except ShapeError:
        how = f"transpose_a={p.transpose_a}, transpose_b={p.transpose_b}"
        raise ShapeError(f"{names[0]!r} {ins[0]} and {names[1]!r} {ins[1]} do not multiply, with {how}") from None
    rows = out[-2] if lhs[-2] is None else lhs[-2]
    cols = out[-1] if rhs[-1] is None else rhs[-1]
    want = [turned((*batch, rows, inner), p.transpose_a), turned((*batch, inner, cols), p.transpose_b)]
    return [PartialType(s, dtype) for s in want], [PartialType((*batch, rows, cols), dtype)]
