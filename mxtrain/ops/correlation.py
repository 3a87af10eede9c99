"""correlation: how alike patches of two images are, for all shifts up to a distance.

Shapes:
    data1 (N, C, H, W), data2 (N, C, H, W) -> output (N, D D, O, P)
    D = 2 floor(max_displacement / stride2) + 1
    O = ceil((H + 2 pad_size - 2 border) / stride1), border = max_displacement + (kernel_size - 1) / 2

Each output is the mean, over a patch and all channels, of products (is_multiply) or of absolute differences.

Source: MXNet's Correlation; Fischer et al., "FlowNet", 2015.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._paired import infer_backward, towards_both
from mxtrain.ops._spatial import padded

Cut = tuple[slice, slice, slice, slice]


@declare
class Params:
    """Parameters of correlation."""

    kernel_size: int = param(1, ge=1, doc="height and width of a patch, odd")
    max_displacement: int = param(1, ge=0, doc="largest shift, in pixels")
    stride1: int = param(1, ge=1, doc="step of the patches of data1")
    stride2: int = param(1, ge=1, doc="step of the shifts")
    pad_size: int = param(0, ge=0, doc="zeros on all sides of both images")
    is_multiply: bool = param(True, doc="products; otherwise absolute differences")


def out_size(p: Params, size: int) -> int:
    """Places along an axis.

    Raises:
        ShapeError: if there are none.
    """
    left = size + 2 * p.pad_size - 2 * (p.max_displacement + (p.kernel_size - 1) // 2)
    if left < 1:
        raise ShapeError(f"an axis of {size} with pad_size {p.pad_size} has no room for max_displacement "
                         f"{p.max_displacement} and kernel_size {p.kernel_size}")  # fmt: skip
    return -(-left // p.stride1)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Both images have one type."""
    if p.kernel_size % 2 == 0:
        raise ShapeError(f"kernel_size must be odd, got {p.kernel_size}")
    dtype = dtype_of(*ins, *outs)
    shapes = [need_rank(t, (4,), n, "(N, C, H, W)") for t, n in zip(ins, ("data1", "data2"), strict=True)]
    shape = next((s for s in shapes if s is not None), (None,) * 4)
    shifts = (2 * (p.max_displacement // p.stride2) + 1) ** 2
    sizes = tuple(None if s is None else out_size(p, s) for s in shape[2:])
    return [PartialType(shape, dtype)] * 2, [PartialType((shape[0], shifts, *sizes), dtype)]


def terms(p: Params, out: Sequence[int]) -> Iterator[tuple[int, Cut, Cut]]:
    """(output channel, what is read of data1, what of data2) for every shift and every place of a patch."""
    reach = p.max_displacement // p.stride2
    shifts = [a * p.stride2 for a in range(-reach, reach + 1)]

    def cut(y: int, x: int) -> Cut:
        rows, columns = (slice(a, a + (n - 1) * p.stride1 + 1, p.stride1) for a, n in ((y, out[2]), (x, out[3])))
        return slice(None), slice(None), rows, columns

    for i in range(p.kernel_size):
        for j in range(p.kernel_size):
            y, x = p.max_displacement + i, p.max_displacement + j
            for channel, (down, right) in enumerate(product(shifts, shifts)):
                yield channel, cut(y, x), cut(y + down, x + right)


def bordered(p: Params, xp: Any, x: Any) -> Any:
    """The image with zeros around it; at the end as many as a last step may need."""
    return padded(x, xp, (p.pad_size,) * 2, (p.pad_size + p.stride1,) * 2)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    a, b = (bordered(p, xp, x) for x in ins)
    y = outs[0]
    y[...] = 0
    for channel, one, other in terms(p, y.shape):
        alike = a[one] * b[other] if p.is_multiply else xp.abs(a[one] - b[other])
        y[:, channel] += alike.sum(axis=1)
    y /= p.kernel_size**2 * a.shape[1]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward; of two that are equal the first counts as the larger."""
    p: Params = node.params
    a, b = (bordered(p, xp, x) for x in ins[1:])
    da, db = xp.zeros_like(a), xp.zeros_like(b)
    dy = ins[0] / (p.kernel_size**2 * a.shape[1])
    for channel, one, other in terms(p, dy.shape):
        each = dy[:, channel, None]
        if p.is_multiply:
            da[one] += each * b[other]
            db[other] += each * a[one]
        else:
            signed = each * xp.where(a[one] >= b[other], 1, -1)
            da[one] += signed
            db[other] -= signed
    h, w = ins[1].shape[2:]
    inside = (slice(None), slice(None), slice(p.pad_size, p.pad_size + h), slice(p.pad_size, p.pad_size + w))
    outs[0][...], outs[1][...] = da[inside], db[inside]


BACKWARD = Op(
    "correlation_backward", infer_backward, {"reference": reference(run_backward)}, params=Params,
    inputs=("dy", "data1", "data2"), outputs=("ddata1", "ddata2"),
)  # fmt: skip
OP = Op(
    "correlation", infer, {"reference": reference(run)}, params=Params, inputs=("data1", "data2"),
    mxnet=("Correlation",), gradient=towards_both(BACKWARD),
)  # fmt: skip
