"""FakeCuda: the device protocol on the host. Arrays are as strict as CuPy's, kernels run through emulate.py, and its
capture notes launches down instead of doing them and refuses what CuPy refuses while it captures.
"""

from __future__ import annotations

import ctypes as c
import threading
import weakref
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from mxtrain.backends.cuda import cublaslt, cudnn
from mxtrain.backends.cuda.libraries import CUBLASLT, CUDNN
from mxtrain.backends.cuda.library import chosen
from mxtrain.backends.cuda.runtime import Properties
from mxtrain.backends.cuda.source import Source
from mxtrain.backends.cuda.tuning import Tuning
from mxtrain.base.device import Device
from mxtrain.base.errors import EnvironmentFault
from tests.backends.cuda import emulate, interpret

GUARD = 256
ONE_AT_A_TIME = threading.Lock()
PATTERN = 0xA5


class DeviceArray(np.ndarray):
    """An array that the host's functions may not touch, as CuPy's: values go in and out through the device alone."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        check(inputs)
        ins = [_host(a) for a in inputs]
        if out:
            options["out"] = tuple(_host(o) for o in out)
        if "where" in options:
            options["where"] = _host(options["where"])
        made = getattr(ufunc, method)(*ins, **options)
        return out[0] if out else wrapped(made)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} of a device array; use the device's array module")

    def __setitem__(self, key: Any, value: Any) -> None:
        check([value])
        super().__setitem__(_host(key), _host(value))

    @property
    def ctypes(self) -> Any:
        raise AttributeError("a device array has no host address; ask the device")

    @property
    def data(self) -> Any:
        return type("Pointer", (), {"ptr": address(self)})()


def _host(a: Any) -> Any:
    if isinstance(a, (tuple, list)):
        return type(a)(_host(x) for x in a)
    return a.view(np.ndarray) if isinstance(a, DeviceArray) else a


def wrapped(a: Any) -> Any:
    """What a function of the array module gives: device arrays, 0-d ones too, as CuPy's."""
    if isinstance(a, (tuple, list)):
        return type(a)(wrapped(x) for x in a)
    if isinstance(a, (np.ndarray, np.generic)):
        return np.asarray(a).view(DeviceArray)
    return a


def check(values: Sequence[Any]) -> None:
    """Refuse host arrays."""
    for v in values:
        if isinstance(v, np.ndarray) and not isinstance(v, DeviceArray):
            raise TypeError("Unsupported type <class 'numpy.ndarray'>: a host array among device arrays")
        if isinstance(v, (tuple, list)):
            check(v)


def address(a: Any) -> int:
    """Where the host keeps it."""
    return int(np.ndarray.__array_interface__.__get__(a)["data"][0])


class FakeModule:
    """NumPy's functions as CuPy would have them."""

    def __init__(self, module: Any, owner: FakeCuda) -> None:
        self._module, self._owner = module, owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if isinstance(found, ModuleType):
            return FakeModule(found, self._owner)
        if isinstance(found, type) or not callable(found):
            return found
        return Function(found, name, self._owner)


class Function:
    """One of them."""

    def __init__(self, function: Any, name: str, owner: FakeCuda) -> None:
        self.function, self.name, self.owner = function, name, owner

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.owner.refuse(f"cupy.{self.name}")
        if self.name in ("asarray", "array", "ascontiguousarray"):
            return wrapped(self.function(*(_host(a) for a in args), **options))
        check([*args, *options.values()])
        out = options.get("out")
        host = {k: _host(v) for k, v in options.items()}
        made = self.function(*(_host(a) for a in args), **host)
        return out if out is not None else wrapped(made)

    @property
    def at(self) -> Any:
        return Function(self.function.at, f"{self.name}.at", self.owner)


class FakeEvent:
    """A mark: the host has no streams, everything before it is done."""

    def __init__(self, owner: FakeCuda) -> None:
        self.owner = owner

    def record(self, stream: int | None = None) -> None:
        self.owner.log.append(("record", id(self), stream))

    def wait(self, stream: int | None = None) -> None:
        self.owner.log.append(("wait", id(self), stream))

    def synchronize(self) -> None:
        self.owner.refuse("cudaEventSynchronize")

    def since(self, earlier: Any) -> float:
        return 1.0


class FakeGraph:
    """Calls that were noted down."""

    def __init__(self, calls: Sequence[tuple[Callable[..., int], tuple[Any, ...]]]) -> None:
        self.calls = list(calls)

    def launch(self) -> int:
        return next((s for f, args in self.calls if (s := f(*args))), 0)


FAKES: weakref.WeakSet[Any] = weakref.WeakSet()


def without_libraries() -> None:
    """No real library works on a fake device, also where there is one; a fake one (fakes.py) does."""
    for library, handles in ((CUDNN, cudnn._HANDLES), (CUBLASLT, cublaslt._HANDLES)):
        for runtime in FAKES if not chosen(library) else ():
            handles[runtime] = None


class FakeCuda:
    """The protocol `Cuda`.

    Args:
        memory: bytes there are.
        compile_all: compile generated kernels too, instead of doing what they mean.
    """

    index = 0
    stream = 7

    def __init__(self, memory: int = 1 << 34, compile_all: bool = False) -> None:
        self.compile_all = compile_all
        self.xp = FakeModule(np, self)
        self.properties = Properties("FakeCuda", 90, memory, 4, 13000)
        self.tuning = Tuning()
        self.capturing: list[Any] | None = None
        self.launched: list[str] = []
        self.log: list[Any] = []
        self.fail: dict[str, int] = {}
        self._functions: dict[int, tuple[str, Any]] = {}
        self._buffers: list[Any] = []
        self._used = 0
        FAKES.add(self)
        without_libraries()

    def refuse(self, what: str) -> None:
        """Raise while capturing."""
        if self.capturing is not None:
            raise NotImplementedError(f"calling {what} during stream capture is currently unsupported")

    def allocate(self, nbytes: int) -> Any:
        self.refuse("cudaMalloc")
        self._living()
        if self._used + nbytes > self.properties.memory:
            raise EnvironmentFault(f"gpu:0 has no room for {nbytes} bytes more")
        self._used += nbytes
        raw = np.full(nbytes + 2 * GUARD + 256, PATTERN, np.uint8)
        start = GUARD + -(raw.ctypes.data + GUARD) % 256
        self._buffers.append((weakref.ref(raw), start, nbytes))
        return raw[start : start + nbytes].view(DeviceArray)

    def check_guards(self) -> None:
        """No kernel wrote beside a buffer."""
        for b in self._living():
            assert (b[:GUARD] == PATTERN).all() and (b[-GUARD:] == PATTERN).all(), "a kernel wrote beside a buffer"

    def _living(self) -> list[np.ndarray]:
        """Buffers that somebody still has, with their guards."""
        self._buffers = [entry for entry in self._buffers if entry[0]() is not None]
        self._used = sum(nbytes for _, _, nbytes in self._buffers)
        return [raw[start - GUARD : start + n + GUARD] for ref, start, n in self._buffers if (raw := ref()) is not None]

    def address(self, array: Any) -> int:
        return address(array)

    def put(self, target: Any, values: Any) -> None:
        target[...] = self.xp.asarray(values)

    def fetch(self, array: Any) -> Any:
        self.refuse("cudaMemcpy")
        self.check_guards()
        return _host(array).copy()

    def synchronize(self) -> None:
        self.refuse("cudaStreamSynchronize")

    def trim(self) -> None:
        self.refuse("cudaFree")

    def function(self, code: Source, name: str, macros: Sequence[tuple[str, str]]) -> int:
        run: Any
        if code.meaning is not None and not self.compile_all:

            def run(parameters: Any, grid: Any, threads: int) -> int:
                return interpret.run(code.meaning, self.buffer_of, parameters.value)
        else:
            run = emulate.kernel(code, name, tuple(macros))
        self._functions[len(self._functions) + 1] = (name, run)
        return len(self._functions)

    def buffer_of(self, pointer: int) -> tuple[int, np.ndarray]:
        """The buffer that an address lies in."""
        for b in self._living():
            start = b.ctypes.data + GUARD
            if start <= pointer <= start + len(b) - 2 * GUARD:
                return start, b[GUARD:-GUARD]
        raise AssertionError(f"a kernel was given the address {pointer}, which lies in no buffer")

    def launcher(self, function: int, *rest: Any) -> int:
        """As cuLaunchKernel."""
        name, run = self._functions[function]
        x, y, z, threads, _, _, shared, stream, parameters, _ = rest
        assert stream == self.stream and not shared

        def work() -> int:
            self.launched.append(name)
            # The emulation has one set of threads: devices of several threads take turns.
            with ONE_AT_A_TIME:
                return self.fail.get(name) or int(run(parameters, (c.c_uint * 3)(x, y, z), threads))

        return self.do(work)

    def do(self, work: Callable[..., int], *args: Any) -> int:
        """Work of the compute stream: now, or noted down while capturing."""
        if self.capturing is not None:
            self.capturing.append((work, args))
            return 0
        return work(*args)

    def copy(self, target: Any, source: Any) -> Any:
        return self.do, (self._copy, target, source)

    def _copy(self, target: Any, source: Any) -> int:
        _host(target)[...] = _host(source)
        return 0

    def explain(self, status: Any) -> str:
        return f"CUDA_ERROR_FAKE ({status})"

    def free_memory(self) -> int:
        return self.properties.memory - self._used

    def held_memory(self) -> int:
        return self._used

    def new_stream(self) -> int:
        return 8

    def use(self, stream: int | None = None) -> None:
        self.log.append(("use", stream))

    def new_event(self) -> FakeEvent:
        return FakeEvent(self)

    def pinned(self, nbytes: int) -> Any:
        self.refuse("cudaHostAlloc")
        return np.zeros(nbytes, np.uint8)

    def upload(self, target: Any, host: Any, stream: int | None = None) -> None:
        self._transfer(_host(target), host, stream)

    def download(self, host: Any, source: Any, stream: int | None = None) -> None:
        self._transfer(host, _host(source), stream)

    def _transfer(self, target: Any, source: Any, stream: int | None) -> None:
        if stream is None:
            self.do(self._copy, target, source)
        else:
            self._copy(target, source)

    def begin_capture(self) -> None:
        assert self.capturing is None
        self.capturing = []

    def end_capture(self) -> FakeGraph:
        calls, self.capturing = self.capturing or [], None
        return FakeGraph(calls)

    def abort_capture(self) -> None:
        self.capturing = None


def fake_device(memory: int = 1 << 34, compile_all: bool = False) -> Device:
    """A device that is a fake from top to bottom."""
    return Device("gpu:0", ("cuda", "reference"), 1, FakeCuda(memory, compile_all))
