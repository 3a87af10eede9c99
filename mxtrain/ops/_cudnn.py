"""Recipes of cuDNN's convolutions with what stands around them, for convolution and deconvolution.

Data and filters lie channels-last; gradients of weights come plain and float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.errors import EnvironmentFault
from mxtrain.base.types import CHANNELS_LAST, ITEMSIZE, TensorType
from mxtrain.graph import Call, Recipe
from mxtrain.ops._weights import column_sums, epilogue, narrowed, plain_already, plain_filters, slices, wanted


def explained(device: Device, conv: cuda.Convolution) -> Callable[[Any], str]:
    """A status is the driver's, of one of our kernels, or the library's, which begin at 1000."""
    own, theirs = cuda.cuda_of(device).explain, conv.dnn.explain(conv.function)
    return lambda status: theirs(status) if int(status) >= 1000 else own(status)


def chosen(device: Device, direction: cuda.Direction, p: cuda.Problem) -> cuda.Convolution | None:
    """The library's convolution, if everything lies channels-last."""
    if any(t.layout != CHANNELS_LAST for t in (p.x, p.y)):
        return None
    return cuda.convolution(device, direction, p)


def address(device: Device, array: Any) -> int:
    """Where it lies; 0 for None."""
    return 0 if array is None else device.address(array)


def forward(device: Device, p: cuda.Problem, bias: int | None, addend: int | None, act: str | None) -> Recipe | None:
    """y = act(convolution + bias + addend) of the inputs data, weight and those at the indices given."""
    conv = chosen(device, "forward", p)
    if conv is None:
        return None
    whole = _whole(device, conv, p, bias is not None, act)
    narrow = bias is not None and whole is not None and p.x.dtype != "float32"
    filters = p.w.shape[0]
    sizes = (conv.workspace, filters * ITEMSIZE[p.x.dtype] if narrow else 0)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        space, short = cuda.pieces(device, scratch, sizes)
        x, w, y, workspace = (address(device, a) for a in (ins[0], ins[1], outs[0], space))
        given = None if bias is None else ins[bias]
        added = None if addend is None else ins[addend]
        if whole is not None:
            calls = [narrowed(device, given, short, p.x.dtype)] if narrow else []
            vector = address(device, short if narrow else given)
            other = None if added is None else device.address(added)
            return cuda.together([*calls, whole(x, w, vector, other, y, workspace)])
        calls = [conv.call(x, w, y, workspace)]
        if given is not None or added is not None or act is not None:
            calls.append(epilogue(device, outs[0], p.y, filters, act, (given, added)))
        return cuda.together(calls)

    name = f"{conv.name}{'+bias' if whole is not None else ''}"
    return _recipe(device, conv, name, prepare, sizes, takes=wanted(1, p.w))


def _recipe(
    device: Device, conv: cuda.Convolution, name: str, prepare: Any, sizes: Sequence[int], **more: Any
) -> Recipe:
    return Recipe(
        prepare, f"cuda:{name}", scratch=cuda.total(sizes), capturable=True, explain=explained(device, conv), **more
    )


def _whole(
    device: Device, conv: cuda.Convolution, p: cuda.Problem, bias: bool, act: str | None
) -> Callable[..., Call] | None:
    """The library's call that does bias and activation too, where it is faster than a kernel after it."""
    prepare = cuda.bias_activation(conv, p, act) if bias else None
    if prepare is None:
        return None
    usable: Callable[..., Call] = prepare

    def measure(how: str) -> float:
        filters = p.w.shape[0]
        try:
            x, w, y = (device.zeros(t.nbytes) for t in (p.x, p.w, p.y))
            vector, space = device.zeros(4 * filters), device.empty(max(conv.workspace, 1))
        except EnvironmentFault:
            return float(how == "whole")
        a, b, v, out, workspace = (device.address(t) for t in (x, w, vector, y, space))
        if how == "whole":
            return cuda.milliseconds(device, usable(a, b, v, None, out, workspace))
        parts = [conv.call(a, b, out, workspace), epilogue(device, y, p.y, filters, act, (vector, None))]
        return cuda.milliseconds(device, cuda.together(parts))

    key = cuda.key_of("bias", act, conv.name, conv.dnn.version, *p.texts)
    return prepare if cuda.cuda_of(device).tuning.choose(key, ["parts", "whole"], measure) == "whole" else None


def backward_data(
    device: Device, p: cuda.Problem, bias: int | None = None, act: str | None = None, addend: int | None = None
) -> Recipe | None:
    """x's gradient of the inputs dy and weight, and what the addend's input holds; with bias and activation what a
    deconvolution is."""
    conv = chosen(device, "data", p)
    if conv is None:
        return None
    sizes = (conv.workspace,)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        (space,) = cuda.pieces(device, scratch, sizes)
        dy, w, dx, workspace = (address(device, a) for a in (ins[0], ins[1], outs[0], space))
        calls: list[Call] = []
        if addend is not None and device.address(ins[addend]) != dx:
            calls.append(cuda.cuda_of(device).copy(outs[0], ins[addend]))
        calls.append(conv.call(w, dy, dx, workspace, 0.0 if addend is None else 1.0))
        if bias is not None or act is not None:
            given = None if bias is None else ins[bias]
            calls.append(epilogue(device, outs[0], p.x, p.x.shape[1], act, (given, None)))
        return cuda.together(calls)

    pairs = () if addend is None else ((addend, 0),)
    return _recipe(device, conv, conv.name, prepare, sizes, takes=wanted(1, p.w), inplace=pairs)


def backward_filter(device: Device, p: cuda.Problem, bias: bool, swapped: bool = False) -> Recipe | None:
    """The weight's gradient, and with `bias` the bias's, of the inputs x and dy.

    Args:
        swapped: the inputs are y and x's gradient instead (a deconvolution), and the bias belongs to x.
    """
    conv = chosen(device, "filter", p)
    if conv is None:
        return None
    direct = p.w.dtype == "float32" and plain_already(p.w)
    of_bias: TensorType = p.x if swapped else p.y
    channels = of_bias.shape[1]
    part = 4 * channels * slices(of_bias.size // channels) if bias else 0
    sizes = (conv.workspace, 0 if direct else p.w.nbytes, part)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        space, filters, sums = cuda.pieces(device, scratch, sizes)
        x, dy = (ins[1], ins[0]) if swapped else (ins[0], ins[1])
        target = outs[0] if direct else filters
        calls = [conv.call(address(device, x), address(device, dy), address(device, target), address(device, space))]
        if not direct:
            calls.append(plain_filters(device, filters, outs[0], p.w))
        if bias:
            calls += column_sums(device, x if swapped else dy, of_bias.dtype, outs[1], sums)
        return cuda.together(calls)

    return _recipe(device, conv, conv.name, prepare, sizes)
