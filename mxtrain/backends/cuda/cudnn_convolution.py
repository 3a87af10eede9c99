"""cuDNN's convolutions in three directions, each with an algorithm chosen by timing.

One problem stands for all three: a large image x (N, C, S...), a small one y (N, K, O...) and filters (K, C/G, ...).
Forward makes y, "data" makes x from y's gradient, "filter" makes the filters' gradient. A deconvolution is the same
problem read from y to x.
"""

from __future__ import annotations

import ctypes as c
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from mxtrain.backends.cuda import cudnn
from mxtrain.backends.cuda.cudnn import Cudnn, Descriptor, Refused, cudnn_of
from mxtrain.backends.cuda.measure import Stopwatch, numbers
from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.backends.cuda.tuning import key_of
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import TensorType
from mxtrain.graph import Call

Direction = Literal["forward", "data", "filter"]

WORKSPACE = 1 << 30
"""Bytes that an algorithm may use at most."""

RESULTS = 16
FMA, DEFAULT, TENSOR = 3, 0, 1
CROSS_CORRELATION = 1
IMPLICIT_PRECOMP = 1
_NAMES = {"forward": "Forward", "data": "BackwardData", "filter": "BackwardFilter"}


class Perf(c.Structure):
    """cudnnConvolutionFwdAlgoPerf_t and its two sisters."""

    _fields_ = [("algo", c.c_int), ("status", c.c_int), ("time", c.c_float), ("memory", c.c_size_t),
                ("determinism", c.c_int), ("math", c.c_int), ("reserved", c.c_int * 3)]  # fmt: skip


class Problem(NamedTuple):
    """A convolution.

    Args:
        x: (N, C, S...), the large image.
        w: (K, C/groups, kernel...), of x's dtype and layout.
        y: (N, K, O...), the small image.
        stride, dilate, pad: one value per spatial axis; the padding is the same on both sides.
    """

    x: TensorType
    w: TensorType
    y: TensorType
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]
    groups: int = 1

    @property
    def texts(self) -> tuple[str, ...]:
        """All of it, for a key."""
        shapes = ("x".join(map(str, t.shape)) for t in (self.x, self.w, self.y))
        geometry = (",".join(map(str, v)) for v in (self.stride, self.dilate, self.pad))
        return (*shapes, self.x.dtype, self.x.layout.name, *geometry, str(self.groups))

    def operands(self, direction: Direction) -> tuple[TensorType, TensorType, TensorType]:
        """(first input, second input, output)."""
        x, w, y = self.x, self.w, self.y
        return {"forward": (x, w, y), "data": (w, y, x), "filter": (x, y, w)}[direction]


class Convolution(NamedTuple):
    """A convolution that the library will do.

    Args:
        name: algorithm, for people.
        workspace: bytes that a call needs.
        descs: of the two inputs, the output, and the convolution.
    """

    dnn: Cudnn
    direction: Direction
    algo: int
    name: str
    workspace: int
    descs: tuple[Descriptor, Descriptor, Descriptor, Descriptor]

    @property
    def function(self) -> str:
        """The library's function."""
        return f"cudnnConvolution{_NAMES[self.direction]}"

    def call(self, a: int, b: int, out: int, workspace: int, beta: float = 0.0) -> Call:
        """A prepared call: out = convolution(a, b) + beta out. All are addresses."""
        first, second, target, conv = self.descs
        one, factor = cudnn.scalar(1.0), cudnn.scalar(beta)
        args = (
            self.dnn.handle, cudnn.kept(c.addressof(one), one), first, a, second, b, conv, self.algo, workspace,
            self.workspace, cudnn.kept(c.addressof(factor), factor), target, out,
        )  # fmt: skip
        return getattr(self.dnn.lib, self.function), args


def supports(p: Problem) -> bool:
    """True if the types are such as cuDNN takes: one dtype, one layout, one to three spatial axes, nothing empty."""
    types = (p.x, p.w, p.y)
    return (
        all(t.dtype == p.x.dtype and t.layout == p.x.layout and t.size > 0 for t in types)
        and p.x.dtype in cudnn.DTYPES
        and 3 <= len(p.x.shape) <= 5
        and not p.x.layout.opaque
        and all(d < 1 << 31 for t in types for d in (t.size, *t.shape))
    )


def convolution(device: Device, direction: Direction, p: Problem) -> Convolution | None:
    """The fastest algorithm within the workspace; None if there is no cuDNN or it has none for the problem.

    Timed once per device and problem (tuning.py). On a deterministic device only algorithms that give the same bits
    every time are looked at.
    """
    dnn = cudnn_of(device) if supports(p) else None
    if dnn is None:
        return None
    try:
        descs = _descriptors(dnn, direction, p)
        names = _candidates(device, dnn, direction, p, descs)
        if not names:
            return None
        key = key_of("cudnn", dnn.version, direction, *p.texts, "tf32" if _tf32(device) else "", WORKSPACE)
        space = max(names.values())
        watch = Stopwatch(device, lambda: _operands(device, p.operands(direction), space))

        def made(name: str) -> Convolution:
            algo, math_type = (int(n) for n in name.split("/"))
            dnn.call("cudnnSetConvolutionMathType", descs[3], math_type)
            return Convolution(dnn, direction, algo, f"cudnn:{direction}:{name}", space, descs)

        # The library's own search is not used: it runs each algorithm once, and what it says of small images is chance.
        best = made(cuda_of(device).tuning.choose(key, list(names), lambda name: watch.of(made(name).call)))
        size = c.c_size_t()
        ins = (descs[0], descs[1], descs[3], descs[2])
        dnn.call(f"cudnnGetConvolution{_NAMES[direction]}WorkspaceSize", dnn.handle, *ins, best.algo, c.byref(size))
    except Refused:
        return None
    return best._replace(workspace=size.value)


def _operands(device: Device, types: Sequence[TensorType], workspace: int) -> list[Any]:
    """Buffers for both inputs, the output, and the workspace."""
    return [*(numbers(device, t.dtype, t.nbytes) for t in types), device.empty(max(workspace, 1))]


def _tf32(device: Device) -> bool:
    return bool(getattr(cuda_of(device), "tf32", False))


def _math(device: Device, dtype: str) -> int:
    """float32 stays float32 unless TF32 was asked for; narrow types use the tensor cores."""
    return TENSOR if dtype != "float32" else DEFAULT if _tf32(device) else FMA


def _descriptors(dnn: Cudnn, direction: Direction, p: Problem) -> tuple[Descriptor, Descriptor, Descriptor, Descriptor]:
    rank = max(len(p.stride), 2)
    more = rank - len(p.stride)
    pad, stride, dilate = (0,) * more + p.pad, (1,) * more + p.stride, (1,) * more + p.dilate
    conv = cudnn.described(
        dnn, "Convolution", rank, cudnn.ints(pad), cudnn.ints(stride), cudnn.ints(dilate), CROSS_CORRELATION,
        cudnn.FLOAT,
    )  # fmt: skip
    dnn.call("cudnnSetConvolutionGroupCount", conv, p.groups)
    made = [cudnn.filters(dnn, t) if t is p.w else cudnn.tensor(dnn, t) for t in p.operands(direction)]
    return made[0], made[1], made[2], conv


Descs = tuple[Descriptor, Descriptor, Descriptor, Descriptor]


def _candidates(device: Device, dnn: Cudnn, direction: Direction, p: Problem, descs: Descs) -> dict[str, int]:
    """``algorithm/math`` -> bytes of workspace, for all that may be used; what is guessed to be fastest first."""
    wanted = _math(device, p.x.dtype)
    dnn.call("cudnnSetConvolutionMathType", descs[3], wanted)
    found, count = (Perf * RESULTS)(), c.c_int()
    ins = (descs[0], descs[1], descs[3], descs[2])
    function = f"cudnnGetConvolution{_NAMES[direction]}Algorithm_v7"
    status = getattr(dnn.lib, function)(dnn.handle, *ins, RESULTS, c.byref(count), found)
    if status:
        # Descriptors that could be made and do not go together are a combination that the library does not have.
        if 2000 <= status < 4000:
            return {}
        raise BackendUnavailable(dnn.explain(function)(status))
    deterministic = cuda_of(device).tuning.deterministic
    return {
        _name(r, wanted): r.memory
        for r in found[: count.value]
        if r.status == 0
        and r.memory <= WORKSPACE
        and (r.determinism == 1 or not deterministic)
        and (r.math != TENSOR or wanted != FMA)
    }


def _name(r: Perf, wanted: int) -> str:
    """Where float32 must stay so, the default, which allows TF32, is not taken over."""
    return f"{r.algo}/{FMA if wanted == FMA else r.math}"


def bias_activation(conv: Convolution, p: Problem, act: str | None) -> Callable[..., Call] | None:
    """``(x, w, bias, addend or None, y, workspace) -> Call``: y = act(convolution(x, w) + addend + bias) in one call.

    The bias (K,) has the dtype of the data. None where the library does not do it: it knows no other activation than
    relu, and none at all only with its algorithm 1.
    """
    if conv.direction != "forward" or act not in (None, "relu") or (act is None and conv.algo != IMPLICIT_PRECOMP):
        return None
    dnn, (x_desc, w_desc, y_desc, desc) = conv.dnn, conv.descs
    bias_desc = cudnn.tensor(dnn, TensorType((1, p.w.shape[0], *(1,) * len(p.stride)), p.x.dtype, p.x.layout))
    act_desc = cudnn.activation(dnn, act)

    def prepare(x: int, w: int, bias: int, addend: int | None, y: int, workspace: int) -> Call:
        one, factor = cudnn.scalar(1.0), cudnn.scalar(0.0 if addend is None else 1.0)
        z = y if addend is None else addend
        args = (
            dnn.handle, cudnn.kept(c.addressof(one), one), x_desc, x, w_desc, w, desc, conv.algo, workspace,
            conv.workspace, cudnn.kept(c.addressof(factor), factor), y_desc, z, bias_desc, bias, act_desc, y_desc, y,
        )  # fmt: skip
        return dnn.lib.cudnnConvolutionBiasActivationForward, args

    return prepare
