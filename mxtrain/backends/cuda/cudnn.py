"""cuDNN through its C API: one handle per device, checked statuses, descriptors that free themselves.

cudnn_convolution.py and cudnn_layers.py prepare calls on it. Arguments and results of every function are in
_prototypes.py. A tensor's logical order is (N, C, S...); how it lies in memory is said by its strides.
"""

from __future__ import annotations

import ctypes as c
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.backends.cuda._prototypes import CUDNN_TABLE, bind, missing
from mxtrain.backends.cuda.libraries import CUDNN, dotted
from mxtrain.backends.cuda.library import find
from mxtrain.backends.cuda.planned import is_planned
from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import TensorType, strides

DTYPES = {"float32": 0, "float16": 2, "bfloat16": 9}
FLOAT, NHWC, NCHW = 0, 1, 0
TEXT = 1024


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The library says that it does not do this."""


class Cudnn:
    """A handle on the compute stream of a device.

    Args:
        lib: the library with its prototypes.
        stream: whose work it asks for.
    """

    def __init__(self, lib: Any, stream: int) -> None:
        self.lib = lib
        self.handle = c.c_void_p()
        self.version = dotted(lib.cudnnGetVersion())
        self.call("cudnnCreate", c.byref(self.handle))
        self.call("cudnnSetStream", self.handle, stream)

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending() and self.handle.value:
            self.lib.cudnnDestroy(self.handle)

    def call(self, function: str, *args: Any) -> None:
        """Call a function.

        Raises:
            Refused: if it is not supported.
            BackendUnavailable: for any other status, naming the function, with the library's texts.
        """
        status = getattr(self.lib, function)(*args)
        if status:
            text = self.explain(function)(status)
            raise Refused(text) if 3000 <= status < 4000 else BackendUnavailable(text)

    def explain(self, function: str) -> Callable[[Any], str]:
        """What says what a status of this function means."""
        return lambda status: self._text(function, status)

    def _text(self, function: str, status: Any) -> str:
        more = c.create_string_buffer(TEXT)
        self.lib.cudnnGetLastErrorString(more, TEXT)
        name = (self.lib.cudnnGetErrorString(int(status)) or b"").decode(errors="replace")
        last = more.value.decode(errors="replace").strip()
        return f"{function}: {name} ({status})" + (f": {last}" if last else "")


_HANDLES: weakref.WeakKeyDictionary[Any, Cudnn] = weakref.WeakKeyDictionary()


def cudnn_of(device: Device) -> Cudnn | None:
    """The handle of a device; None if there is no cuDNN, or one that lacks functions.

    Raises:
        BackendUnavailable: if the library cannot use the device.
    """
    cuda = cuda_of(device)
    if is_planned(device):
        cuda.asked.add("cuDNN")
        return None
    if cuda not in _HANDLES:
        found = find(CUDNN)
        if found is None or missing(found.handle, CUDNN_TABLE):
            return None
        _HANDLES[cuda] = Cudnn(bind(found.handle, CUDNN_TABLE), cuda.stream)
    return _HANDLES[cuda]


class Descriptor(c.c_void_p):
    """A descriptor, freed by its owner. Its address is what functions take."""

    owner: Cudnn
    destroy = ""

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending() and self.destroy and self.value:
            getattr(self.owner.lib, self.destroy)(self)


def _made(dnn: Cudnn, kind: str) -> Descriptor:
    d = Descriptor()
    dnn.call(f"cudnnCreate{kind}Descriptor", c.byref(d))
    d.owner, d.destroy = dnn, f"cudnnDestroy{kind}Descriptor"
    return d


def ints(values: Sequence[int]) -> Any:
    """An int array."""
    return (c.c_int * len(values))(*values)


def with_plane(t: TensorType) -> TensorType:
    """The type with at least two spatial axes, which is what cuDNN sees; those that it lacks come first."""
    lacking = max(4 - len(t.shape), 0)
    return t._replace(shape=(*t.shape[:2], *(1,) * lacking, *t.shape[2:])) if lacking else t


def tensor(dnn: Cudnn, t: TensorType) -> Descriptor:
    """The descriptor of a tensor (N, C, S...) as it lies in memory."""
    d, seen = _made(dnn, "Tensor"), with_plane(t)
    steps = strides(seen)
    dnn.call("cudnnSetTensorNdDescriptor", d, DTYPES[t.dtype], len(seen.shape), ints(seen.shape), ints(steps))
    return d


def filters(dnn: Cudnn, t: TensorType) -> Descriptor:
    """The descriptor of filters (K, C, S...); channels last in memory if their layout says so."""
    d, seen = _made(dnn, "Filter"), with_plane(t)
    order = NHWC if t.layout.name == "channels_last" else NCHW
    dnn.call("cudnnSetFilterNdDescriptor", d, DTYPES[t.dtype], order, len(seen.shape), ints(seen.shape))
    return d


def activation(dnn: Cudnn, name: str | None) -> Descriptor:
    """The descriptor of an activation: sigmoid, relu, tanh, or None for the identity."""
    d = _made(dnn, "Activation")
    mode = {"sigmoid": 0, "relu": 1, "tanh": 2, None: 5}[name]
    dnn.call("cudnnSetActivationDescriptor", d, mode, 1, 0.0)  # NaN stays NaN
    return d


def described(dnn: Cudnn, kind: str, *settings: Any, nd: bool = True) -> Descriptor:
    """A descriptor of another kind with its settings."""
    d = _made(dnn, kind)
    dnn.call(f"cudnnSet{kind}{'Nd' if nd else ''}Descriptor", d, *settings)
    return d


def scalar(value: float) -> c.c_float:
    """A host number whose address a call takes (alpha, beta)."""
    return c.c_float(value)


class Kept(c.c_void_p):
    """An address in a prepared call, with what must live as long as the call."""

    kept: tuple[Any, ...] = ()


def kept(address: c.c_void_p | int | None, *owners: Any) -> Kept:
    """The address with its owners."""
    value = address.value if isinstance(address, c.c_void_p) else address
    made = Kept(value)
    made.kept = owners
    return made
