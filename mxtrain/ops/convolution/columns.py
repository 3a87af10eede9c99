"""Convolutions of images as products: a kernel writes every window as a row of a matrix, a product does the rest.

The matrix takes more memory than the image, by the elements of a window. Where images are small or have few channels
that is soon written, and the library's convolutions are slow. Its rows hold (kernel..., channels) and are padded with
zeros to a multiple of 8, as products want them; so are the filters beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, ITEMSIZE
from mxtrain.graph import Call, Recipe
from mxtrain.ops._products import product, with_activation, with_bias
from mxtrain.ops._weights import column_sums, plain_already, plain_filters, slices, wanted
from mxtrain.ops.convolution import products

BITS = {2: "uint16", 4: "uint32"}
"""Bytes of a number -> the type by which it is copied."""

SOURCE = cuda.source(__file__, {"T": tuple(BITS.values()), "WHOLE": ("0", "1")})
MOST = 256 << 20
"""Bytes of the largest matrix."""

FEW = 8
"""Channels below which the library's forward is slow: it pads them to this many."""


def takes(p: cuda.Problem) -> bool:
    """True if the weight's gradient can be made so."""
    if len(p.x.shape) != 4 or p.groups != 1 or products.takes(p) or p.x.dtype not in cuda.STORAGE:
        return False
    last = all(t.layout == CHANNELS_LAST and t.dtype == p.x.dtype for t in (p.x, p.y))
    return last and p.y.size > 0 and 0 < p.x.size < 1 << 31 and _bytes(p) <= MOST


def takes_forward(p: cuda.Problem) -> bool:
    """True if the output may be made so: of images in colours, in types that tensor cores multiply."""
    return takes(p) and p.x.shape[1] < FEW and p.x.dtype != "float32"


def _width(p: cuda.Problem) -> int:
    """Numbers of a row."""
    return -(-math.prod(p.w.shape[1:]) // 8) * 8


def _pixels(p: cuda.Problem) -> int:
    """Rows."""
    return p.y.size // p.y.shape[1]


def _bytes(p: cuda.Problem) -> int:
    return _pixels(p) * _width(p) * ITEMSIZE[p.x.dtype]


def _written(device: Device, p: cuda.Problem, x: Any, target: Any) -> Call:
    """The matrix (pixels, width) of x."""
    sizes = [*p.x.shape, *p.y.shape[2:], *p.w.shape[2:], *p.stride, *p.dilate, *p.pad]
    return _launched(device, p, (x, target), sizes, _pixels(p))


def _padded(device: Device, p: cuda.Problem, w: Any, target: Any) -> Call:
    """Filters (K, kernel..., C) as a matrix (K, width): the windows of an image of one pixel for each filter."""
    sizes = [p.w.shape[0], math.prod(p.w.shape[1:]), *(1,) * 10, 0, 0]
    return _launched(device, p, (w, target), sizes, p.w.shape[0])


def _launched(device: Device, p: cuda.Problem, arrays: tuple[Any, Any], sizes: list[int], rows: int) -> Call:
    kernel = cuda.Kernel(SOURCE, "columns", {"T": BITS[ITEMSIZE[p.x.dtype]], "WHOLE": sizes[1] % 8 == 0})
    return cuda.launch(device, kernel, cuda.blocks(rows * _width(p), 8), [*arrays, *sizes, _width(p)])


def _around(inner: Recipe, prepare: Any, sizes: Sequence[int], **more: Any) -> Recipe:
    """The recipe of a product and the kernels around it."""
    name = f"cuda:columns:{inner.name.removeprefix('cuda:')}"
    return Recipe(prepare, name, scratch=cuda.total(sizes), capturable=True, explain=inner.explain, **more)


def forward(device: Device, p: cuda.Problem, bias: bool, act: str | None) -> Recipe | None:
    """y = act(convolution + bias) of the inputs data, weight and bias."""
    whole = cuda.Product(1, _pixels(p), _width(p), p.y.shape[1], False, True, p.x.dtype, p.x.dtype)
    if bias:
        made = with_bias(device, whole, act)
    else:
        made = with_activation(device, whole, act) if act else product(device, whole)
    if made is None:
        return None
    inner = made
    filters = p.y.shape[1] * _width(p) * ITEMSIZE[p.x.dtype]
    sizes = (_bytes(p), filters if math.prod(p.w.shape[1:]) % 8 else 0, inner.scratch)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        matrix, padded, space = cuda.pieces(device, scratch, sizes)
        calls = [_written(device, p, ins[0], matrix)]
        if padded is not None:
            calls.append(_padded(device, p, ins[1], padded))
        last = inner.prepare([matrix, ins[1] if padded is None else padded, *ins[2:]], outs, space)
        return cuda.together([*calls, *([last] if last else [])])

    return _around(inner, prepare, sizes, takes=wanted(1, p.w))


def backward_filter(device: Device, p: cuda.Problem, bias: bool) -> Recipe | None:
    """The weight's gradient, and with `bias` the bias's, of the inputs x and dy."""
    pixels, width, filters = _pixels(p), _width(p), p.y.shape[1]
    made = product(device, cuda.Product(1, filters, pixels, width, True, False, p.x.dtype, "float32"), (1, 0))
    if made is None:
        return None
    inner = made
    direct = plain_already(p.w) and math.prod(p.w.shape[1:]) == width
    sizes = (
        _bytes(p),
        0 if direct else 4 * filters * width,
        4 * filters * slices(pixels) if bias else 0,
        inner.scratch,
    )

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        matrix, rows, sums, space = cuda.pieces(device, scratch, sizes)
        calls = [_written(device, p, ins[0], matrix)]
        last = inner.prepare([matrix, ins[1]], [outs[0] if direct else rows], space)
        calls += [last] if last else []
        if not direct:
            calls.append(plain_filters(device, rows, outs[0], p.w._replace(dtype="float32"), width))
        if bias:
            calls += column_sums(device, ins[1], p.y.dtype, outs[1], sums)
        return cuda.together(calls)

    return _around(inner, prepare, sizes)
